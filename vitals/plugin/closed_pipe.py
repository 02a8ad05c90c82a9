"""A terminal whose reader may go away, as behind `| head`: the verdict is reached all the same.

pytest would end with exit code 1 then, which says that VendHub is unhealthy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    import pytest


class _Heedless:
    """A text stream that drops what nobody reads any more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_read = True

    def write(self, text: str) -> int:
        self._attempt(text)
        return len(text)

    def flush(self) -> None:
        self._attempt("")

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def _attempt(self, text: str) -> None:
        if not self._is_read:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            self._is_read = False


def heed_no_closed_pipe(config: pytest.Config) -> None:
    """Let pytest's terminal go on without a reader."""
    writer = config.get_terminal_writer()
    writer._file = _Heedless(writer._file)  # noqa: SLF001 - a stream in all that the writer uses, and it has no public way to exchange its own
