"""An end for a step that hangs where Playwright knows no time-out, as in a body without end."""

from __future__ import annotations

import contextlib
import signal
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from vitals.browser.browsing import Browsing

GRACE = 3.0
"""Seconds that a step may take beyond its deadline, because each wait ends by itself."""


@dataclass(slots=True)
class Watch:
    """Whether a step was ended."""

    is_over: bool = False


@contextlib.contextmanager
def watched(watch: Watch, seconds: float, browsing: Browsing | None) -> Iterator[None]:
    """Close all tabs when the block is still going on after so many seconds.

    Whatever waits for one of them then ends at once, and the browser goes on. It takes the alarm
    signal, so it works in the main thread and where there is one.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if browsing is None or not is_main or not hasattr(signal, "SIGALRM"):
        yield
        return

    def end(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        watch.is_over = True
        browsing.abandon()

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
