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
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vitals.probe.pace import THROTTLED
from vitals.probe.planned import Planned
from vitals.probe.sample import Kind, Sample
from vitals.probe.series import LATE, Timed, Use, cut_off
from vitals.probe.suspicion import Suspicions

if TYPE_CHECKING:
    from vitals.environment import ResponseTime, Route
    from vitals.probe.lag import LagWatch
    from vitals.probe.pace import Pace
    from vitals.probe.series import Judge

Send = Callable[["Route", float], Awaitable[Sample]]
"""Send one request to a route, to be given up at a moment of the loop; never raises."""

_LOOK_AGAIN = 0.05  # seconds after which a held-up request looks at its pace again
_UNDER_WAY = 0.005  # seconds that an answer in time may take through the event loop
_JUST_OVER = 1e-6


@dataclass(slots=True)
class _Gate:
    """One gate of the series: its rule, its judge, and how far in planned order it is."""

    rule: ResponseTime
    judge: Judge
    next: int = 0
    is_decided: bool = False
    known: dict[int, bool | None] = field(default_factory=dict)


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
        self._requests: list[Planned] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: list[asyncio.TimerHandle] = []
        self._changed = asyncio.Event()
        self._moved = asyncio.Event()
        self._suspicions = Suspicions(paces, self._resolve)
        self._last_call = math.inf
        self._queues: defaultdict[Route, deque[Planned]] = defaultdict(deque)

    async def run(self) -> tuple[Timed, ...]:
        """Send until every gate is decided or the budget is used up; give all requests back."""
        loop = asyncio.get_running_loop()
        start = last = loop.time()
        most = max(gate.rule.max_samples for gate in self._gates)
        self._last_call = start + max(gate.rule.max_seconds for gate in self._gates)
        gap = 0.0
        for index, route in enumerate(self._order):
            if index >= most:
                break
            planned = await self._plan(route, last + gap)
            if planned is None:
                break
            gap = self._gap(route)
            last = planned
            request = Planned(index, route, planned)
            self._requests.append(request)
            self._begin(request)
        while self._tasks and not self._is_decided():
            self._changed.clear()
            await self._changed.wait()
        return await self._end()

    async def _plan(self, route: Route, not_before: float) -> float | None:
        """Wait until the next request is due, and say when that was; None: there is no next one.

        What the rate limits hold up now is planned for when they let it go: nobody but the
        prober would have waited.
        """
        planned = self._pace(route).reserve(not_before)
        while planned <= self._last_call and await self._wait_until(planned):
            now = asyncio.get_running_loop().time()
            leaves = self._pace(route).leaves_at(now)
            if leaves <= now or math.isinf(leaves):
                return planned
            planned = leaves
        return None

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

    def _begin(self, request: Planned) -> None:
        task = asyncio.create_task(self._follow(request))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        for gate in self._gates:
            self._look_at_limit(gate, request)

    def _look_at_limit(self, gate: _Gate, request: Planned) -> None:
        """See to it that the request is resolved at the gate's limit."""
        loop = asyncio.get_running_loop()
        cut = cut_off(gate.rule.limit_ms / 1000, gate.rule.measure)
        left = max(cut - request.age(loop.time()), 0.0) + _UNDER_WAY
        self._timers.append(loop.call_later(left, self._resolve_at_limit, gate, request))

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._changed.set()

    async def _follow(self, request: Planned) -> None:
        """One request from its planned moment to its answer."""
        loop = asyncio.get_running_loop()
        pace = self._pace(request.route)
        request.late = max(loop.time() - request.planned, 0.0)
        if not await self._has_room(request, pace):
            self._resolve(request)
            return
        give_up = loop.time() + self._patience - request.age(loop.time())
        request.use = Use.UNRESOLVED
        pace.leave()
        sample = None
        try:
            sample = await self._send(request.route, give_up)
        finally:
            pace.answer(loop.time(), sample)
            self._moved.set()
        request.sample = sample
        request.lag = self._lag.worst_since(request.planned)
        request.round_trip = self._round_trip(request.route)
        self._sort(request, sample)

    async def _has_room(self, request: Planned, pace: Pace) -> bool:
        """Wait until the rate limits let a request leave, first come first served.

        False: they will not before the budget is used up.
        """
        loop = asyncio.get_running_loop()
        queue = self._queues[request.route]
        queue.append(request)
        try:
            while (leaves := pace.leaves_at(now := loop.time())) > now or queue[0] is not request:
                is_for_answers = math.isinf(leaves)
                if leaves > self._last_call and not is_for_answers:
                    return False
                request.hold(now, by_ourselves=not is_for_answers)
                self._moved.clear()
                again = now + _LOOK_AGAIN
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(min(leaves, again) if leaves > now else again):
                        await self._moved.wait()
            request.let_go(now)
            return True
        finally:
            queue.remove(request)
            self._moved.set()

    def _sort(self, request: Planned, sample: Sample) -> None:
        """Say what an answer is good for, and let the gates know."""
        is_of_prober = sample.kind is Kind.PROBER and not request.outstanding
        if request.late > LATE or is_of_prober:
            request.use = Use.SET_ASIDE
        elif sample.status == THROTTLED:
            request.use = Use.THROTTLED
        elif self._suspicions.keep(request, sample):
            return
        else:
            request.use = Use.EVIDENCE
        self._resolve(request)

    def _resolve(self, request: Planned) -> None:
        timed = request.timed(self._zero)
        for gate in self._gates:
            exceeded = timed.exceeds(gate.rule.limit_ms / 1000, gate.rule.measure)
            self._know(gate, request, exceeded=exceeded)

    def _resolve_at_limit(self, gate: _Gate, request: Planned) -> None:
        """At the limit a request that is still outstanding has exceeded it."""
        if not request.is_on_its_way:
            return
        cut = cut_off(gate.rule.limit_ms / 1000, gate.rule.measure)
        if request.age(asyncio.get_running_loop().time()) < cut:
            self._look_at_limit(gate, request)
            return
        request.outstanding = max(request.outstanding, cut + _JUST_OVER)
        self._know(gate, request, exceeded=True if request.late <= LATE else None)

    def _know(self, gate: _Gate, request: Planned, *, exceeded: bool | None) -> None:
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
        self._suspicions.end()
        outstanding = list(self._tasks)
        for task in outstanding:
            task.cancel()
        await asyncio.gather(*outstanding, return_exceptions=True)
        for request in self._requests:
            if request.counted and request.use in {Use.UNRESOLVED, Use.NOT_SENT}:
                request.use = Use.EVIDENCE
        return tuple(request.timed(self._zero) for request in self._requests)
