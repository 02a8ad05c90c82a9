"""The server's clock: wall time as it believes it to be, and the time since it started."""

import time
from datetime import UTC, datetime

from standin.faults import Faults
from standin.settings import Settings

CLOCK_OFF_S = 120.0
_RESTART_EVERY_S = 1.9


class Clock:
    """Wall time in seconds since the epoch and uptime in seconds, both under the faults."""

    def __init__(self, settings: Settings, faults: Faults) -> None:
        self._started = settings.started
        self._faults = faults

    def now(self) -> float:
        """The server's idea of now; 120 s behind with the fault clock-off."""
        return time.time() - (CLOCK_OFF_S if self._faults.on("clock-off") else 0.0)

    def iso(self, at: float | None = None) -> str:
        """Write a moment (default: now) as JavaScript does: UTC, milliseconds, Z."""
        moment = datetime.fromtimestamp(self.now() if at is None else at, UTC)
        return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"

    def uptime(self) -> float:
        """Seconds since the process started; below 2 s with the fault restarting."""
        uptime = time.time() - self._started
        return uptime % _RESTART_EVERY_S if self._faults.on("restarting") else uptime
