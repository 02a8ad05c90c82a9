"""The run's own time: one zero for everything that is measured or planned."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds since the run began, and the UTC time that belongs to them.

    The UTC time is the wall clock at zero plus monotonic seconds, so that a clock that is set
    during the run neither reorders nor stretches it.

    Attributes:
        zero: `time.monotonic()` when the run began.
        zero_utc: the wall clock at that moment.
    """

    zero: float
    zero_utc: datetime

    @classmethod
    def started_now(cls) -> Clock:
        """A clock whose zero is this moment."""
        return cls(time.monotonic(), datetime.now(UTC))

    def now(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.zero

    def utc(self, at: float) -> datetime:
        """The UTC time of a moment of the run."""
        return self.zero_utc + timedelta(seconds=at)
