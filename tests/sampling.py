"""Lets the real sampler ask a target that is made up, in virtual time."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import virtual_time

from vitals.environment import ResponseTime
from vitals.environment.readers import Route, Window
from vitals.probe.lag import LagWatch
from vitals.probe.pace import Pace
from vitals.probe.sample import Kind, Phases, Sample
from vitals.probe.sampler import Sampler
from vitals.probe.series import GateSample
from vitals.probe.spec import Gate, Get
from vitals.verdict.response_time import GateReport, evaluate, judging, threshold_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vitals.probe.series import Judge, Timed

VENDHUB = (Window(10, 1.0), Window(50, 10.0), Window(100, 60.0))
SO_FAST = (Window(40, 1.0),)
"""With the usual headroom 32 requests a second."""

READY = Route("api", "/api/v1/health/ready")
OTHERS = tuple(Route("api", f"/api/v1/health{path}") for path in ("", "/live", "/version"))
STARTED = datetime(2025, 1, 1, tzinfo=UTC)

_PATIENCE_S = 20.0
_ROUND_TRIP_S = 0.01


@dataclass(frozen=True, slots=True)
class Answer:
    """What a target does with one request: `after` so many seconds, the last `body` of a body."""

    after: float
    status: int = 200
    of_edge: bool = False
    kind: Kind = Kind.ANSWERED
    body: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)


Target = "Callable[[Route, float], Answer]"
"""Answers a request to a route that arrives at a moment."""


@dataclass(frozen=True, slots=True)
class Series:
    """What came of a series.

    Attributes:
        timed: its requests in planned order.
        applied: by gate, what its judge was given.
        decided: the gates whose judge said so.
        seconds: how long it took.
    """

    rules: tuple[ResponseTime, ...]
    timed: tuple[Timed, ...]
    applied: dict[str, list[tuple[str, bool]]]
    decided: set[str]
    seconds: float

    def report(self, rule: ResponseTime | None = None) -> GateReport:
        """What the samples say of a gate, the first one unless it is named."""
        return evaluate(threshold_of(rule or self.rules[0]), self.timed)

    def samples(self) -> list[GateSample]:
        """The gates as the probes of a run bring them back."""
        return [
            GateSample(
                probe=Gate(rule.name),
                kind=Kind.ANSWERED,
                started_at=STARTED,
                at=0.0,
                duration=self.seconds,
                rule=rule,
                series=self.rules[0].name,
                timed=self.timed,
            )
            for rule in self.rules
        ]


class _Witness:
    """Writes down what a judge is given."""

    def __init__(self, judge: Judge, rule: ResponseTime, series: Series) -> None:
        self._judge = judge
        self._name = rule.name
        self._series = series
        series.applied[rule.name] = []

    def add(self, route: str, *, exceeded: bool) -> bool:
        assert self._name not in self._series.decided, "it is given more than it needs"
        self._series.applied[self._name].append((route, exceeded))
        is_decided = self._judge.add(route, exceeded=exceeded)
        if is_decided:
            self._series.decided.add(self._name)
        return is_decided


def rule_of(
    limit: float = 1.0,
    *routes: Route,
    name: str = "Speed",
    measure: str = "total",
    samples: int = 360,
    alpha: float | None = None,
) -> ResponseTime:
    """A gate with a limit in seconds, over `READY` unless told."""
    return ResponseTime(
        name=name,
        routes=routes or (READY,),
        limit_ms=limit * 1000,
        measure="server" if measure == "server" else "total",
        max_samples=samples,
        alpha_pass=alpha or 0.05,
        alpha_fail=alpha or 0.01,
    )


def sample_series(
    target: Callable[[Route, float], Answer],
    *rules: ResponseTime,
    windows: Sequence[Window] = VENDHUB,
    paces: dict[Route, Pace] | None = None,
    hold_ups: Sequence[tuple[float, float]] = (),
) -> Series:
    """Run one series to its end.

    Args:
        target: what is asked.
        rules: the gates.
        windows: the rate limits that the prober knows of.
        paces: those of the routes, where a test looks into them.
        hold_ups: when and for how long the prober's own loop gets nothing done.
    """
    known = {} if paces is None else paces
    return virtual_time.run(_series(target, rules or (rule_of(),), windows, known, hold_ups))


async def _series(
    target: Callable[[Route, float], Answer],
    rules: tuple[ResponseTime, ...],
    windows: Sequence[Window],
    paces: dict[Route, Pace],
    hold_ups: Sequence[tuple[float, float]],
) -> Series:
    loop = cast("virtual_time.VirtualLoop", asyncio.get_running_loop())
    for at, seconds in hold_ups:
        loop.call_at(at, loop.hold_up, seconds)
    how, lag = judging(), LagWatch()
    series = Series(rules, (), {}, set(), 0.0)
    sampler = Sampler(
        list(rules),
        [_Witness(how.judge(rule), rule, series) for rule in rules],
        order=how.order(rules[0]),
        paces=lambda route: paces.setdefault(route, Pace(windows, 0.8)),
        send=lambda route, give_up: ask(target, route, give_up),
        lag=lag,
        zero=0.0,
        patience=_PATIENCE_S,
        round_trip=lambda _: _ROUND_TRIP_S,
    )
    timed = await sampler.run()
    return Series(rules, timed, series.applied, series.decided, loop.time())


async def ask(target: Callable[[Route, float], Answer], route: Route, give_up: float) -> Sample:
    """Send one request to a target; the time of the loop is that of the run."""
    loop = asyncio.get_running_loop()
    at = loop.time()
    answer = target(route, at)
    try:
        async with asyncio.timeout_at(give_up):
            await asyncio.sleep(answer.after)
    except TimeoutError:
        answer = Answer(0.0, kind=Kind.TIMEOUT)
    is_answered = answer.kind is Kind.ANSWERED
    page = b"<html>503 Service Temporarily Unavailable</html>"
    body = page if answer.of_edge else json.dumps({"errorCode": "INTERNAL_ERROR"}).encode()
    return Sample(
        probe=Get(route.target, route.path),
        kind=answer.kind,
        started_at=STARTED,
        at=at,
        duration=loop.time() - at,
        phases=Phases(body=answer.body),
        status=answer.status if is_answered else None,
        headers=tuple((name.lower(), value) for name, value in answer.headers.items()),
        body=body if is_answered else b"",
    )


def steady(seconds: float) -> Callable[[Route, float], Answer]:
    """A target that takes the same time for each request."""
    return lambda _route, _at: Answer(seconds)


def slow_share(share: float, limit: float, seed: int) -> Callable[[Route, float], Answer]:
    """A target that is over the limit, up to 10 s, with a probability, and else fast."""
    chance = random.Random(seed)  # noqa: S311 - a simulation that can be repeated

    def answer(_route: Route, _at: float) -> Answer:
        is_slow = chance.random() < share
        return Answer(chance.uniform(limit, 10.0) + 0.01 if is_slow else 0.1)

    return answer
