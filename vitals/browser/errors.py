"""What ends a step without a word about the product, or before it was tried."""

from __future__ import annotations


class BlockedError(Exception):
    """A step cannot be tried, because of what its message names: an earlier step, usually."""


class BrowserError(Exception):
    """The browser itself is missing, did not start or died; one sentence says what to do."""


class TabCrashedError(Exception):
    """A page of the product crashed its tab."""


class SessionError(Exception):
    """A stored session cannot be used any more; one sentence says what to do."""
