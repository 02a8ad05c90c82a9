"""What ends a step without a word about the product, or before it was tried."""

from __future__ import annotations


class BlockedError(Exception):
    """A step cannot be tried, because of what its message names: an earlier step, usually."""


class BrowserError(Exception):
    """The browser itself is missing, did not start or died; one sentence says what to do."""


class TabCrashedError(Exception):
    """A page of the product crashed its tab."""


def first_line(fault: BaseException) -> str:
    """The first line of what Playwright says, without the name of its call."""
    said = str(fault).strip() or type(fault).__name__
    return said.splitlines()[0].partition(": ")[2] or said.splitlines()[0]
