"""The open schedule: requests at planned times, judged in planned order.

A request is sent when it is planned, whether or not those before it have been answered, so a
stall of the target is seen by each request that it delays (no coordinated omission). Evidence is
applied in planned order: slow answers arrive last, and judging as they arrive would let a slow
target pass.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vitals.probe.pace import THROTTLED
from vitals.probe.sample import Sample
from vitals.probe.series import LATE, Timed, Use, cut_off, is_failure

if TYPE_CHECKING:
    from vitals.environment import ResponseTime, Route
    from vitals.probe.lag import LagWatch
    from vitals.probe.pace import Pace
    from vitals.probe.series import Judge

Send = Callable[["Route", float], Awaitable[Sample]]
"""Send one request to a route, to be given up at a moment of the loop; never raises."""

PATIENCE = 5.0
"""Seconds in which a route must answer otherwise for its 503 to count as throttling."""

_EDGE = 503
_LOOK_AGAIN = 0.05  # seconds after which a held-up request looks at its pace again


@dataclass(slots=True)
class _Gate:
    """One gate of the series: its rule, its judge, and how far in planned order it is."""

    rule: ResponseTime
    judge: Judge
    next: int = 0
    is_decided: bool = False
    known: dict[int, bool | None] = field(default_factory=dict)


@dataclass(slots=True)
class _Request:
    """A planned request on its way."""

    index: int
    route: Route
    planned: float
    late: float = 0.0
    lag: float = 0.0
    use: Use = Use.NOT_SENT
    sample: Sample | None = None
    counted: bool = False
    round_trip: float = 0.0


class Sampler:
    """One series of requests and the gates over it; runs in the probes' event loop.

    Args:
        rules: gates over the same routes; the longest budget among them counts.
        judges: the judge of each gate.
        order: the routes in the order in which to send.
        paces: the pace of each route.
        send: how to send.
        lag: watches how long the event loop is held up.
        zero: the loop's time at which the run began.
        patience: seconds after which a request is given up.
        round_trip: the round trip of a route's host so far, seconds.
    """

    def __init__(
        self,
        rules: list[ResponseTime],
        judges: list[Judge],
        *,
        order: Iterator[Route],
        paces: Callable[[Route], Pace],
        send: Send,
        lag: LagWatch,
        zero: float,
        patience: float,
        round_trip: Callable[[Route], float],
    ) -> None:
        self._gates = [_Gate(rule, judge) for rule, judge in zip(rules, judges, strict=True)]
        self._order = order
        self._pace = paces
        self._send = send
        self._lag = lag
        self._zero = zero
        self._patience = patience
        self._round_trip = round_trip
        self._requests: list[_Request] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: list[asyncio.TimerHandle] = []
        self._changed = asyncio.Event()
        self._answered = asyncio.Event()
        self._answered_well: set[Route] = set()
        self._suspects: dict[Route, list[_Request]] = {}

    async def run(self) -> tuple[Timed, ...]:
        """Send until every gate is decided or the budget is used up; give all requests back."""
        loop = asyncio.get_running_loop()
        start = last = loop.time()
        most = max(gate.rule.max_samples for gate in self._gates)
        longest = max(gate.rule.max_seconds for gate in self._gates)
        gap = 0.0
        for index, route in enumerate(self._order):
            if index >= most:
                break
            planned = self._pace(route).reserve(last + gap)
            gap = self._gap(route)
            if planned - start > longest or not await self._wait_until(planned):
                break
            last = planned
            request = _Request(index, route, planned, late=max(loop.time() - planned, 0.0))
            self._requests.append(request)
            self._begin(request)
        while self._tasks and not self._is_decided():
            self._changed.clear()
            await self._changed.wait()
        return await self._end()

    def _gap(self, route: Route) -> float:
        """Seconds to the next request, so that those of several routes do not go out in pairs."""
        shares = 2 if len(self._gates[0].rule.routes) > 1 else 1
        return self._pace(route).spacing / shares

    def _is_decided(self) -> bool:
        return all(gate.is_decided for gate in self._gates)

    async def _wait_until(self, moment: float) -> bool:
        """Wait for a planned moment; False as soon as every gate is decided."""
        loop = asyncio.get_running_loop()
        while not self._is_decided():
            if loop.time() >= moment:
                return True
            self._changed.clear()
            try:
                async with asyncio.timeout_at(moment):
                    await self._changed.wait()
            except TimeoutError:
                return not self._is_decided()
        return False

    def _begin(self, request: _Request) -> None:
        task = asyncio.create_task(self._follow(request))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        loop = asyncio.get_running_loop()
        for gate in self._gates:
            outstanding = request.planned + cut_off(gate.rule.limit_ms / 1000, gate.rule.measure)
            self._timers.append(loop.call_at(outstanding, self._resolve_at_limit, gate, request))

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._changed.set()

    async def _follow(self, request: _Request) -> None:
        """One request from its planned moment to its answer."""
        loop = asyncio.get_running_loop()
        pace = self._pace(request.route)
        give_up = request.planned + self._patience
        while (leaves := pace.leaves_at(loop.time())) > loop.time():
            self._answered.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(min(leaves, loop.time() + _LOOK_AGAIN)):
                    await self._answered.wait()
        request.use = Use.UNRESOLVED
        pace.leave()
        sample = None
        try:
            sample = await self._send(request.route, give_up)
        finally:
            pace.answer(loop.time(), sample)
            self._answered.set()
        request.sample = sample
        request.lag = self._lag.worst_since(request.planned)
        request.round_trip = self._round_trip(request.route)
        self._sort(request, sample)

    def _sort(self, request: _Request, sample: Sample) -> None:
        """Say what an answer is good for, and let the gates know."""
        route = request.route
        if sample.status == THROTTLED:
            request.use = Use.THROTTLED
        elif sample.status == _EDGE and _is_of_the_edge(sample) and route in self._answered_well:
            self._suspect(request)
            return
        elif request.late > LATE:
            request.use = Use.SET_ASIDE
        else:
            request.use = Use.EVIDENCE
        if sample.answered and sample.status not in {THROTTLED, _EDGE}:
            self._answered_well.add(route)
            self._clear(route, Use.THROTTLED)
        self._resolve(request)

    def _suspect(self, request: _Request) -> None:
        """Keep a 503 of the edge back until the route has answered otherwise, or has not."""
        route = request.route
        waiting = self._suspects.setdefault(route, [])
        if not waiting:
            self._pace(route).suspect()
            loop = asyncio.get_running_loop()
            self._timers.append(loop.call_later(PATIENCE, self._clear, route, Use.EVIDENCE))
        waiting.append(request)

    def _clear(self, route: Route, use: Use) -> None:
        """Settle what was suspected of a route."""
        waiting = self._suspects.pop(route, [])
        if not waiting:
            return
        self._pace(route).trust()
        if use is Use.EVIDENCE:
            self._answered_well.discard(route)
        for request in waiting:
            request.use = use
            self._resolve(request)

    def _resolve(self, request: _Request) -> None:
        timed = self._timed(request)
        for gate in self._gates:
            exceeded = timed.exceeds(gate.rule.limit_ms / 1000, gate.rule.measure)
            self._know(gate, request, exceeded=exceeded)

    def _resolve_at_limit(self, gate: _Gate, request: _Request) -> None:
        """At the limit a request that is still outstanding has exceeded it."""
        is_suspect = request in self._suspects.get(request.route, ())
        if not is_suspect and request.use in {Use.UNRESOLVED, Use.NOT_SENT}:
            exceeded = True if request.late <= LATE else None
            self._know(gate, request, exceeded=exceeded)

    def _know(self, gate: _Gate, request: _Request, *, exceeded: bool | None) -> None:
        """Note what is known of a request, and apply whatever is next in planned order."""
        if request.index < gate.next or gate.is_decided:
            return
        gate.known.setdefault(request.index, exceeded)
        while gate.next in gate.known and not gate.is_decided:
            verdict = gate.known.pop(gate.next)
            applied = self._requests[gate.next]
            gate.next += 1
            if verdict is not None:
                applied.counted = True
                gate.is_decided = gate.judge.add(str(applied.route), exceeded=verdict)
        if self._is_decided():
            self._changed.set()

    async def _end(self) -> tuple[Timed, ...]:
        """Give up what is outstanding; what has counted by its limit stays an exceedance."""
        for timer in self._timers:
            timer.cancel()
        for route in list(self._suspects):
            self._clear(route, Use.EVIDENCE)
        outstanding = list(self._tasks)
        for task in outstanding:
            task.cancel()
        await asyncio.gather(*outstanding, return_exceptions=True)
        for request in self._requests:
            if request.counted and request.use in {Use.UNRESOLVED, Use.NOT_SENT}:
                request.use = Use.EVIDENCE
        return tuple(self._timed(request) for request in self._requests)

    def _timed(self, request: _Request) -> Timed:
        sample = request.sample
        failed = sample is not None and is_failure(sample)
        planned = request.planned - self._zero
        elapsed = server = math.inf
        if sample is not None:
            elapsed = sample.at + sample.duration - planned
            server = max(elapsed - (sample.phases.body or 0.0) - request.round_trip, 0.0)
        return Timed(
            index=request.index,
            route=str(request.route),
            planned=planned,
            late=request.late,
            lag=request.lag,
            use=request.use,
            failed=failed,
            elapsed=elapsed,
            server=math.inf if failed else server,
            sample=sample,
        )


def _is_of_the_edge(sample: Sample) -> bool:
    """Whether a 503 does not come from VendHub's API, which answers in its own JSON."""
    try:
        document = sample.json()
    except ValueError:
        return True
    return not (isinstance(document, dict) and "errorCode" in document)
