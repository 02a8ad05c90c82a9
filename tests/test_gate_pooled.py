"""One gate over several routes: what it hides, what it does not, and the order of sending."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import asdict, replace

import pytest
from pydantic import TypeAdapter

from vitals.verdict.gate import Decision, GateRule, PooledGate, PooledState, planned_order

P95 = GateRule(quantile=0.95, alpha_pass=0.05, alpha_fail=0.01)


def fed(routes: dict[str, float], flags: dict[str, list[bool]], n: int) -> PooledGate:
    gate = PooledGate(P95, routes)
    streams = {route: itertools.cycle(flags[route]) for route in routes}
    for route in itertools.islice(planned_order(routes), n):
        gate.add(route, next(streams[route]))
    return gate


def test_one_slow_route_fails_the_pool_that_hides_it() -> None:
    """Three slow answers of three decide; the pool, three of 18, is still undecided."""
    routes = dict.fromkeys(("a", "b", "c", "d", "e", "slow"), 1.0)
    flags = {route: [False] for route in routes} | {"slow": [True, True, True, False]}
    gate = fed(routes, flags, 60)
    assert gate.decision is Decision.FAIL
    assert gate.failed_route == "slow"
    assert gate.state.pooled.decision is Decision.UNDECIDED
    assert (gate.evidence().unhealthy, gate.samples_to_decide()) == (1, 0)
    assert gate.state.routes["slow"].n == gate.state.routes["slow"].exceedances == 3


def test_pooled_gate_passes_as_a_single_one_would() -> None:
    gate = fed({"/ready": 3, "/version": 1}, {"/ready": [False], "/version": [False]}, 80)
    assert (gate.decision, gate.failed_route) == (Decision.PASS, None)
    assert gate.state.pooled.n == 74
    assert gate.state.routes["/ready"].n == 56
    with pytest.raises(KeyError):
        gate.add("/other", exceeded=False)


def test_pooled_state_survives_json_and_is_checked() -> None:
    routes = {"a": 1.0, "b": 1.0}
    state = fed(routes, {"a": [False] * 8 + [True], "b": [False]}, 40).state
    stored = TypeAdapter(PooledState).validate_json(json.dumps(asdict(state), allow_nan=False))
    assert PooledGate(P95, routes, stored).state == state
    for wrong in (
        replace(state, failed_route="a"),
        replace(state, decision=Decision.FAIL),
        replace(state, routes=state.routes | {"a": replace(state.routes["a"], n=19)}),
        replace(state, routes={"a": state.routes["a"]}),
    ):
        with pytest.raises(ValueError, match=r"does not follow|of routes"):
            PooledGate(P95, routes, wrong)


@pytest.mark.parametrize("routes", [{}, {"a": 0.0}, {"a": -1.0}, {"a": math.nan}])
def test_routes_without_weight_are_refused(routes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="positive weights"):
        PooledGate(P95, routes)
    with pytest.raises(ValueError, match="positive weights"):
        next(planned_order(routes))


def test_planned_order_keeps_the_shares_all_along() -> None:
    order = "".join(itertools.islice(planned_order({"a": 2, "b": 1, "c": 1}), 400))
    assert order[:8] == "abcaabca"
    assert all(abs(order[:n].count("a") - n / 2) <= 1 for n in range(400))
