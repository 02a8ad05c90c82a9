"""An edge that answers 503: does it throttle, or is nobody left behind it?

Both send the same page. It is throttling when the same route answers otherwise once it is asked
slowly; a request that was under way before says nothing about that. That is granted to a route
once: an edge that fails now and then, at a pace that has fallen, is not throttling.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vitals.probe.pace import SUSPICION_GAP, THROTTLED
from vitals.probe.series import Use

if TYPE_CHECKING:
    from collections.abc import Callable

    from vitals.environment import Route
    from vitals.probe.pace import Pace
    from vitals.probe.planned import Planned
    from vitals.probe.sample import Sample

PATIENCE = 5.0
"""Seconds in which a route must answer otherwise for its 503 to count as throttling."""

_EDGE = 503


@dataclass(slots=True)
class _Suspicion:
    """What waits to be settled; the pace has fallen since a moment of the loop."""

    since: float
    timer: asyncio.TimerHandle
    waiting: list[Planned] = field(default_factory=list)


class Suspicions:
    """The suspected answers of a series, by route.

    Args:
        paces: the pace of each route, which falls while it is suspected.
        settled: is told of each request when it is known what its answer is good for.
    """

    def __init__(self, paces: Callable[[Route], Pace], settled: Callable[[Planned], None]) -> None:
        self._pace = paces
        self._settled = settled
        self._answered_well: set[Route] = set()
        self._forgiven: set[Route] = set()
        self._open: dict[Route, _Suspicion] = {}

    def keep(self, request: Planned, sample: Sample) -> bool:
        """Keep an answer back if it may be throttling; else learn from it."""
        route = request.route
        may_throttle = route in self._answered_well and route not in self._forgiven
        if sample.status == _EDGE and _is_of_the_edge(sample) and may_throttle:
            if route not in self._open:
                self._begin(route)
            self._open[route].waiting.append(request)
            return True
        if sample.answered and sample.status not in {THROTTLED, _EDGE}:
            self._answered_well.add(route)
            suspicion = self._open.get(route)
            if suspicion and request.planned - suspicion.since > SUSPICION_GAP / 2:
                self._settle(route, Use.THROTTLED)
        return False

    def end(self) -> None:
        """No more answers will come: nobody has shown that it was throttling."""
        for route in list(self._open):
            self._settle(route, Use.EVIDENCE)

    def _begin(self, route: Route) -> None:
        self._pace(route).suspect()
        loop = asyncio.get_running_loop()
        timer = loop.call_later(PATIENCE, self._settle, route, Use.EVIDENCE)
        self._open[route] = _Suspicion(loop.time(), timer)

    def _settle(self, route: Route, use: Use) -> None:
        suspicion = self._open.pop(route)
        suspicion.timer.cancel()
        self._pace(route).trust(slower=use is Use.THROTTLED)
        if use is Use.EVIDENCE:
            self._answered_well.discard(route)
        else:
            self._forgiven.add(route)
        for request in suspicion.waiting:
            request.use = use
            self._settled(request)


def _is_of_the_edge(sample: Sample) -> bool:
    """Whether a 503 does not come from VendHub's API, which answers in its own JSON."""
    try:
        document = sample.json()
    except ValueError:
        return True
    return not (isinstance(document, dict) and "errorCode" in document)
