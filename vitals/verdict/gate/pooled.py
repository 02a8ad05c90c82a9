"""One gate over several routes, in which no single slow route can hide."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vitals.verdict.gate.evidence import unhealthy
from vitals.verdict.gate.quantile import Decision, Evidence, GateRule, GateState, QuantileGate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class RouteState:
    """What one route brought: samples counted, exceedances, log evidence for unhealthy."""

    n: int
    exceedances: int
    log_evidence_fail: float


@dataclass(frozen=True, slots=True)
class PooledState:
    """All that a pooled gate knows, in plain values.

    Attributes:
        pooled: the gate over the samples of all routes.
        routes: each route alone.
        failed_route: the route that reached the FAIL evidence by itself.
        decision: FAIL because of a route, or else what the pooled gate says.
    """

    pooled: GateState
    routes: dict[str, RouteState]
    failed_route: str | None
    decision: Decision


class PooledGate:
    """A gate on the samples of all routes, and beside it a FAIL test on each of the k routes.

    The pooled claim is about the mean over the routes, each counted by its share of the samples.
    A route that alone reaches the evidence at alpha_fail / k fails the gate. By the union bound
    the routes together bring at most another alpha_fail of false FAIL; with every route exactly
    at the limit, q = 0.95 and alpha_fail = 0.01, two or four equal routes come to 0.7% together
    within 1000 samples, the pooled gate alone to 0.5%.

    Args:
        rule: quantile and error probabilities.
        routes: each route and its weight in the planned order.
        state: where an earlier gate with the same rule and routes stopped.

    Raises:
        ValueError: no routes, a weight that is not positive, or a state that does not fit.
    """

    def __init__(
        self, rule: GateRule, routes: Mapping[str, float], state: PooledState | None = None
    ) -> None:
        self.rule = rule
        self.weights = _checked(routes)
        self._pooled = QuantileGate(rule, state.pooled if state else None)
        self._unhealthy = unhealthy(rule.quantile)
        self._needed_by_route = rule.needed_to_fail + math.log(len(self.weights))
        self._counts = dict.fromkeys(self.weights, (0, 0))
        self._failed_route: str | None = None
        if state is not None:
            self._resume(state)

    @property
    def decision(self) -> Decision:
        """The verdict so far; sticky."""
        return Decision.FAIL if self._failed_route is not None else self._pooled.decision

    @property
    def failed_route(self) -> str | None:
        """The route that reached the FAIL evidence by itself, if one did."""
        return self._failed_route

    @property
    def state(self) -> PooledState:
        """A snapshot that another gate can resume from."""
        return PooledState(
            pooled=self._pooled.state,
            routes={
                route: RouteState(n, exceedances, self._log_evidence(route))
                for route, (n, exceedances) in self._counts.items()
            },
            failed_route=self._failed_route,
            decision=self.decision,
        )

    def add(self, route: str, exceeded: bool) -> Decision:  # noqa: FBT001 - see QuantileGate.add
        """Count the next sample in planned order.

        Raises:
            KeyError: the gate has no such route.
        """
        n, exceedances = self._counts[route]
        if self.decision is not Decision.UNDECIDED:
            return self.decision
        self._counts[route] = (n + 1, exceedances + bool(exceeded))
        self._pooled.add(exceeded)
        if exceeded and self._log_evidence(route) >= self._needed_by_route:
            self._failed_route = route
        return self.decision

    def evidence(self) -> Evidence:
        """How far the pooled gate is on each side, from 0 to 1; `unhealthy` is 1 by a route too."""
        pooled = self._pooled.evidence()
        return pooled if self._failed_route is None else Evidence(pooled.healthy, 1.0)

    def samples_to_decide(self) -> int | None:
        """How many more samples, of all routes together, would decide the pooled gate."""
        return 0 if self._failed_route is not None else self._pooled.samples_to_decide()

    def _log_evidence(self, route: str) -> float:
        n, exceedances = self._counts[route]
        return self._unhealthy.log_evidence(n, n - exceedances)

    def _resume(self, state: PooledState) -> None:
        if state.routes.keys() != self._counts.keys():
            raise ValueError(f"the state is of routes {sorted(state.routes)}")
        self._counts = {route: (one.n, one.exceedances) for route, one in state.routes.items()}
        self._failed_route = next(
            (r for r in self._counts if self._log_evidence(r) >= self._needed_by_route), None
        )
        sums = tuple(map(sum, zip(*self._counts.values(), strict=True)))
        fits = (
            all(0 <= exceedances <= n for n, exceedances in self._counts.values())
            and sums == (state.pooled.n, state.pooled.exceedances)
            and (self._failed_route, self.decision) == (state.failed_route, state.decision)
        )
        if not fits:
            raise ValueError(f"{state} does not follow from its counts under {self.rule}")


def planned_order(routes: Mapping[str, float]) -> Iterator[str]:
    """Routes in the order in which to send, without end: each by its weight, evenly spread.

    The next one is always the route that is furthest behind its share; of several, the first.

    Raises:
        ValueError: no routes, or a weight that is not positive.
    """
    weights = _checked(routes)
    total = math.fsum(weights.values())
    owed = dict.fromkeys(weights, 0.0)
    while True:
        for route, weight in weights.items():
            owed[route] += weight
        chosen = max(owed, key=owed.__getitem__)
        owed[chosen] -= total
        yield chosen


def _checked(routes: Mapping[str, float]) -> dict[str, float]:
    if not routes or not all(0 < weight < math.inf for weight in routes.values()):
        raise ValueError(f"a pooled gate needs routes with positive weights, not {dict(routes)}")
    return dict(routes)
