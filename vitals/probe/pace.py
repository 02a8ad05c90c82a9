"""How fast one route may be asked: the target's rate limits, kept by everything in the run."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vitals.environment import Window
    from vitals.probe.sample import Sample

THROTTLED = 429
SUSPICION_GAP = 2.0
"""Seconds between requests to a route whose edge began to answer 503."""

_NAMES = ("short", "medium", "long")
_LEAST_GAP = 1e-3
_LONGEST_WAIT = 120.0


@dataclass(slots=True)
class _Budget:
    """One window of the limits: so many requests in so many seconds."""

    count: int
    seconds: float


class Pace:
    """When the next request to a route may be planned, and when it may really leave.

    Planned times keep `headroom` below the limits and are evenly spread over the shortest window.
    What is planned in time can still arrive in a bunch when the target stalls: so a request
    leaves only when those that the target may be counting (in flight, or answered within the
    window) leave room for it. For a healthy target that is never a wait.

    All times are seconds of one monotonic clock, given by the caller.

    Args:
        windows: the limits of the environment file, shortest first.
        headroom: the share of them that the run may use, above 0 and at most 1.
    """

    def __init__(self, windows: Sequence[Window], headroom: float) -> None:
        self._budgets = [_Budget(window.count, window.seconds) for window in windows]
        self._headroom = headroom
        self._longest = max((budget.seconds for budget in self._budgets), default=0.0)
        self._planned: deque[float] = deque()
        self._answered: deque[float] = deque()
        self._in_flight = 0
        self._not_before = -math.inf
        self._gap = 0.0

    def reserve(self, not_before: float) -> float:
        """Plan one request: the earliest moment that the limits allow, and count it.

        Args:
            not_before: the caller's own earliest moment.
        """
        at = max(not_before, self._not_before)
        if self._planned:
            at = max(at, self._planned[-1] + self.spacing)
        for budget in self._budgets:
            allowed = max(math.floor(budget.count * self._headroom), 1)
            if len(self._planned) >= allowed:
                at = max(at, self._planned[-allowed] + budget.seconds + _LEAST_GAP)
        self._planned.append(at)
        self._forget(self._planned, at)
        return at

    def leaves_at(self, now: float) -> float:
        """The earliest moment at which a planned request may leave; `inf`: after an answer."""
        at = max(now, self._not_before)
        for budget in self._budgets:
            over = self._in_flight + len(self._answered) - budget.count
            if over < 0:
                continue
            if over >= len(self._answered):
                return math.inf
            at = max(at, self._answered[over] + budget.seconds + _LEAST_GAP)
        return at

    def note_unplanned(self, now: float) -> None:
        """Count a request that did not ask: those of the round of health probes."""
        self._planned.append(max(now, self._planned[-1] if self._planned else now))
        self.leave()

    def leave(self) -> None:
        """A request leaves now."""
        self._in_flight += 1

    def answer(self, now: float, sample: Sample | None) -> None:
        """A request that left came back: with an answer, a failure, or not at all (None)."""
        self._in_flight -= 1
        self._answered.append(now)
        self._forget(self._answered, now)
        if sample is not None and sample.answered:
            self._learn(now, sample)

    def suspect(self) -> None:
        """The edge may be throttling: one request in two seconds until that is settled."""
        self._gap = SUSPICION_GAP

    def trust(self) -> None:
        """The suspicion is settled: the pace of before."""
        self._gap = 0.0

    @property
    def spacing(self) -> float:
        """Seconds between two planned requests to the route."""
        spread = (b.seconds / max(math.floor(b.count * self._headroom), 1) for b in self._budgets)
        return max(min(spread, default=_LEAST_GAP), self._gap)

    def _forget(self, moments: deque[float], now: float) -> None:
        while moments and moments[0] < now - self._longest - _LEAST_GAP:
            moments.popleft()

    def _learn(self, now: float, sample: Sample) -> None:
        """Take over smaller limits, and wait where the target says that no request is left."""
        for name, budget in zip(_NAMES, self._budgets, strict=False):
            limit = _number(sample.header(f"x-ratelimit-limit-{name}"))
            if limit is not None and 1 <= limit < budget.count:
                budget.count = int(limit)
            left = _number(sample.header(f"x-ratelimit-remaining-{name}"))
            if left is not None and left < 1:
                reset = _number(sample.header(f"x-ratelimit-reset-{name}")) or budget.seconds
                self._wait(now, reset)
            if sample.status == THROTTLED:
                self._wait(now, _number(sample.header(f"retry-after-{name}")) or 0.0)
        if sample.status == THROTTLED:
            self._wait(now, _number(sample.header("retry-after")) or 1.0)
            self._headroom = max(self._headroom / 2, 0.1)

    def _wait(self, now: float, seconds: float) -> None:
        self._not_before = max(self._not_before, now + min(seconds, _LONGEST_WAIT))


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and 0 <= value < math.inf else None
