"""How long the prober's own event loop was held up: its lateness must not be the product's."""

from __future__ import annotations

import asyncio
from collections import deque

_EVERY = 0.01
_NOTED = 0.002
_KEPT = 5000


class LagWatch:
    """Looks at the clock every 10 ms and notes how much later than planned it got to look."""

    def __init__(self) -> None:
        self._lags: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to look; needs a running loop."""
        self._plan(asyncio.get_running_loop().time() + _EVERY)

    def stop(self) -> None:
        """Stop looking."""
        if self._timer is not None:
            self._timer.cancel()

    def worst_since(self, moment: float) -> float:
        """The longest lag in seconds that was noted since a moment of the loop."""
        worst = 0.0
        for at, lag in reversed(self._lags):
            if at < moment:
                break
            worst = max(worst, lag)
        return worst

    def _plan(self, at: float) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(at, self._look, at)

    def _look(self, planned: float) -> None:
        now = asyncio.get_running_loop().time()
        if now - planned > _NOTED:
            self._lags.append((now, now - planned))
        self._plan(now + _EVERY)
