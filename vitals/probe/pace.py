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
_LEAST_HEADROOM = 0.1
_LONGEST_WAIT = 120.0


@dataclass(slots=True)
class _Budget:
    """One window of the limits: so many requests in so many seconds."""

    count: int
    seconds: float
    headroom: float

    @property
    def allowed(self) -> int:
        """So many of them the run may use."""
        return max(math.floor(self.count * self.headroom), 1)

    def slow_down(self) -> None:
        """Use half of it, a tenth of what is allowed at least."""
        self.headroom = max(self.headroom / 2, _LEAST_HEADROOM)


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
        self._budgets = [_Budget(window.count, window.seconds, headroom) for window in windows]
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
            at = max(at, self._planned[-1] + max(self.spacing, self._gap))
        for budget in self._budgets:
            if len(self._planned) >= budget.allowed:
                at = max(at, self._planned[-budget.allowed] + budget.seconds + _LEAST_GAP)
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

    def trust(self, *, slower: bool) -> None:
        """The suspicion is settled: the pace of before, or a slower one for an edge that throttles.

        An edge counts by the second, so only the shortest window is used less.
        """
        self._gap = 0.0
        if slower and self._budgets:
            self._budgets[0].slow_down()

    @property
    def spacing(self) -> float:
        """Seconds between two planned requests to the route, when nothing is suspected."""
        return min((b.seconds / b.allowed for b in self._budgets), default=_LEAST_GAP)

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
            self._learn_throttled(now, sample)

    def _learn_throttled(self, now: float, sample: Sample) -> None:
        """Use less of the windows that are full, once for all that were sent before that was told.

        VendHub names them (`Retry-After-short`); where nobody does, it may be any of them.
        """
        is_news = now >= self._not_before
        waits = [
            (budget, _number(sample.header(f"retry-after-{name}")))
            for name, budget in zip(_NAMES, self._budgets, strict=False)
        ]
        named = [(budget, wait) for budget, wait in waits if wait is not None]
        for budget, _ in (named or waits) if is_news else ():
            budget.slow_down()
        plain = _number(sample.header("retry-after"))
        self._wait(now, max([1.0, plain or 0.0, *(wait for _, wait in named)]))

    def _wait(self, now: float, seconds: float) -> None:
        self._not_before = max(self._not_before, now + min(seconds, _LONGEST_WAIT))


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and 0 <= value < math.inf else None
