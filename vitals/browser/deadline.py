"""How long a step may take, and how much of that is left."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

_LEAST_MS = 50


@dataclass(slots=True)
class Deadline:
    """Runs from when it is made.

    Args:
        seconds: the whole of it.
    """

    seconds: float
    began: float = field(default_factory=time.monotonic)

    @property
    def left_ms(self) -> int:
        """Milliseconds that are left; never none, so that what is awaited is looked at once."""
        return max(round((self.seconds - self.elapsed) * 1000), _LEAST_MS)

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began
