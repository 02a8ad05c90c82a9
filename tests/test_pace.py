"""The pace against throttlers as NestJS has them: no request of a run is ever turned away."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import virtual_time
from sampling import OTHERS, READY, VENDHUB, Answer, Series, ask, rule_of, sample_series, steady

from vitals.environment.readers import Window
from vitals.probe.lag import LagWatch
from vitals.probe.pace import Pace
from vitals.probe.sampler import Sampler
from vitals.probe.series import Use
from vitals.verdict.response_time import judging

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vitals.environment import ResponseTime
    from vitals.environment.readers import Route

SMALLER = (Window(5, 1.0), Window(20, 10.0), Window(60, 60.0))
NAMES = ("short", "medium", "long")
SECONDS = 120.0


class Counter:
    """One window of one route; a request too many blocks it for its whole length."""

    def __init__(self, limit: Window, *, is_fixed: bool) -> None:
        self.limit = limit
        self.hits: deque[float] = deque()
        self.ends = -math.inf
        self.blocked_until = -math.inf
        self._is_fixed = is_fixed

    def admits(self, now: float) -> bool:
        """Count a request."""
        if now < self.blocked_until:
            return False
        if self._is_fixed:
            if now >= self.ends:
                self.ends = now + self.limit.seconds
                self.hits.clear()
        else:
            while self.hits and self.hits[0] <= now - self.limit.seconds:
                self.hits.popleft()
        self.hits.append(now)
        if len(self.hits) > self.limit.count:
            self.blocked_until = now + self.limit.seconds
            self.hits.clear()
            return False
        return True


class Throttler:
    """A target that takes `after` seconds, stalls at times, and throttles each route by itself.

    What arrives in a stall is counted when it ends, all at once.
    """

    def __init__(
        self,
        limits: Sequence[Window] = VENDHUB,
        *,
        is_fixed: bool = True,
        after: float = 0.02,
        stalls: Sequence[tuple[float, float]] = (),
        tells: bool = True,
    ) -> None:
        self.turned_away: list[float] = []
        self.counted: list[float] = []
        self._limits = limits
        self._is_fixed = is_fixed
        self._after = after
        self._stalls = stalls
        self._tells = tells
        self._routes: dict[Route, list[Counter]] = {}

    def __call__(self, route: Route, at: float) -> Answer:
        now = max([at, *(end for start, end in self._stalls if start <= at < end)])
        windows = self._routes.setdefault(
            route, [Counter(limit, is_fixed=self._is_fixed) for limit in self._limits]
        )
        self.counted.append(now)
        after = now - at + self._after
        for name, window in zip(NAMES, windows, strict=True):
            if not window.admits(now):
                self.turned_away.append(now)
                wait = math.ceil(window.blocked_until - now)
                return Answer(after, 429, headers={f"Retry-After-{name}": str(wait)})
        headers = {
            f"X-RateLimit-{what}-{name}": str(value)
            for name, window in zip(NAMES, windows, strict=True)
            for what, value in (
                ("Limit", window.limit.count),
                ("Remaining", window.limit.count - len(window.hits)),
                ("Reset", math.ceil(window.limit.seconds)),
            )
        }
        return Answer(after, headers=headers if self._tells else {})


def endless(*routes: Route) -> ResponseTime:
    """A gate that goes on for two minutes."""
    rule = rule_of(15.0, *routes, samples=10_000, alpha=1e-12)
    return replace(rule, max_seconds=SECONDS)


def are_all_taken(series: Series) -> bool:
    return {timed.use for timed in series.timed} == {Use.EVIDENCE}


@pytest.mark.parametrize("is_fixed", [True, False], ids=["fixed", "sliding"])
@pytest.mark.parametrize("routes", [(READY,), (READY, *OTHERS)], ids=["one route", "four"])
@pytest.mark.parametrize(
    ("after", "stalls"),
    [
        (0.01, ()),
        (0.3, ()),
        (0.9, ()),
        (0.02, ((3.0, 5.0),)),
        (0.02, ((0.05, 2.05), (4.0, 4.5), (11.0, 13.0), (59.0, 61.0))),
        (0.4, ((9.0, 19.0),)),
    ],
)
def test_nothing_is_turned_away(
    routes: tuple[Route, ...],
    after: float,
    stalls: tuple[tuple[float, float], ...],
    *,
    is_fixed: bool,
) -> None:
    target = Throttler(is_fixed=is_fixed, after=after, stalls=stalls)
    series = sample_series(target, endless(*routes))
    assert target.turned_away == []
    assert are_all_taken(series)
    assert len(series.timed) >= 130 * min(len(routes), 2)


def test_smaller_limits_are_learned_from_the_headers() -> None:
    target = Throttler(SMALLER)
    assert are_all_taken(sample_series(target, endless(READY)))
    assert target.turned_away == []
    assert len(target.counted) >= 0.75 * 2 * 60


def test_limits_that_nobody_tells_are_felt_and_kept() -> None:
    """Each 429 makes the pace half as fast where it was too fast; soon there is none."""
    target = Throttler(SMALLER, tells=False)
    series = sample_series(target, endless(READY))
    assert 1 <= len(target.turned_away) <= 4
    assert max(target.turned_away) < SECONDS / 2
    kept = [timed for timed in series.timed if timed.use is Use.EVIDENCE]
    assert len(kept) + len(target.turned_away) == len(series.timed)
    assert max(timed.elapsed for timed in kept) < 0.1, "a wait of our own is no latency"


@pytest.mark.parametrize("stalls", [(), ((6.0, 8.0),)], ids=["no stall", "a stall"])
def test_a_pace_is_shared_by_series_and_with_the_round(
    stalls: tuple[tuple[float, float], ...],
) -> None:
    """Two gates over the same route, and health probes that do not ask before they are sent."""
    target = Throttler(stalls=stalls)
    paces: dict[Route, Pace] = {}

    def pace_of(route: Route) -> Pace:
        return paces.setdefault(route, Pace(VENDHUB, 0.8))

    async def probe() -> None:
        loop = asyncio.get_running_loop()
        pace_of(READY).note_unplanned(loop.time())
        pace_of(READY).answer(loop.time(), await ask(target, READY, math.inf))

    async def series(rule: ResponseTime) -> set[Use]:
        how = judging()
        sampler = Sampler(
            [rule],
            [how.judge(rule)],
            order=how.order(rule),
            paces=pace_of,
            send=lambda route, give_up: ask(target, route, give_up),
            lag=LagWatch(),
            zero=0.0,
            patience=20.0,
            round_trip=lambda _: 0.0,
        )
        return {timed.use for timed in await sampler.run()}

    async def everything() -> list[set[Use]]:
        loop = asyncio.get_running_loop()
        tasks = []
        async with asyncio.TaskGroup() as group:
            group.create_task(probe())
            group.create_task(probe())
            tasks += [group.create_task(series(endless(READY)))]
            tasks += [group.create_task(series(endless(READY, *OTHERS)))]
            for at in (0.5, 2.5, 30.0):
                loop.call_at(at, lambda: group.create_task(probe()))
        return [task.result() for task in tasks]

    assert virtual_time.run(everything()) == [{Use.EVIDENCE}, {Use.EVIDENCE}]
    assert target.turned_away == []


def test_planned_times_keep_headroom_and_are_spread() -> None:
    pace = Pace(VENDHUB, 0.8)
    planned = [pace.reserve(0.0) for _ in range(90)]
    assert planned[1] - planned[0] == pytest.approx(0.125)
    for window in VENDHUB:
        allowed = int(window.count * 0.8)
        spans = [b - a for a, b in zip(planned, planned[allowed:], strict=False)]
        assert min(spans) >= window.seconds


def test_a_target_without_limits_is_asked_as_fast_as_the_file_allows() -> None:
    series = sample_series(steady(0.001), rule_of(1.0), windows=(Window(1000, 1.0),))
    assert series.seconds < 0.2
