"""The quantile gate's error probabilities and figures, exact over the (n, k) lattice."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped] # scipy ships no types

from vitals.verdict.gate import Decision, GateRule, QuantileGate
from vitals.verdict.gate.evidence import healthy, unhealthy

if TYPE_CHECKING:
    import random

    from numpy.typing import NDArray

P95 = GateRule(quantile=0.95, alpha_pass=0.05, alpha_fail=0.01)
RULES = [
    P95,
    GateRule(0.5, 0.1, 0.2),
    GateRule(0.9, 0.001, 0.3),
    GateRule(0.99, 0.05, 0.01),
    GateRule(0.05, 0.5, 0.05),
]
LONGEST = 2000


def exceedance(ratio: float) -> float:
    """P(X = 1) of a lognormal latency, sigma 0.5, whose true p95 is `ratio` times the limit."""
    return float(stats.norm.sf(stats.norm.isf(0.05) - math.log(ratio) / 0.5))


@cache
def boundaries(rule: GateRule) -> list[tuple[int, int]]:
    """For each n: PASS with at most the first number of exceedances, FAIL from the second on."""
    found = [(-1, 1)]
    for n in range(1, LONGEST + 1):
        most = healthy(rule.quantile).most_events(n, rule.alpha_pass)
        good = unhealthy(rule.quantile).most_events(n, rule.alpha_fail)
        found.append((-1 if most is None else most, n + 1 if good is None else n - good))
    return found


def verdicts(
    rule: GateRule, p: float, n: int, *, passes: bool = True, fails: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exact P(PASS by sample i) and P(FAIL by sample i), with one of the two tests if so asked."""
    alive = np.zeros(n + 2)
    alive[0] = 1
    cumulated = np.zeros((2, n + 1))
    for i, (most, least) in enumerate(boundaries(rule)[1 : n + 1], 1):
        alive[1:] = alive[1:] * (1 - p) + alive[:-1] * p
        alive[0] *= 1 - p
        cumulated[:, i] = cumulated[:, i - 1]
        if passes:
            cumulated[0, i] += alive[: most + 1].sum()
            alive[: most + 1] = 0
        if fails:
            cumulated[1, i] += alive[least:].sum()
            alive[least:] = 0
    return cumulated[0], cumulated[1]


def median_samples(by_sample: NDArray[np.float64]) -> int:
    assert by_sample[-1] >= 0.5
    return int(np.argmax(by_sample >= 0.5))


@pytest.mark.parametrize("rule", RULES)
def test_no_looser_than_the_exact_binomial_test_of_a_planned_sample_size(rule: GateRule) -> None:
    ns = np.arange(LONGEST + 1)
    most, least = np.array(boundaries(rule)).T
    assert (stats.binom.cdf(most, ns, 1 - rule.quantile) <= rule.alpha_pass).all()
    assert (stats.binom.sf(least - 1, ns, 1 - rule.quantile) <= rule.alpha_fail).all()


@pytest.mark.parametrize("rule", RULES)
def test_ville_bound_holds_exactly_on_the_boundary_and_beyond(rule: GateRule) -> None:
    for beyond in (0.0, 0.1):
        too_many = (1 - rule.quantile) + beyond * rule.quantile
        ever_pass, _ = verdicts(rule, too_many, LONGEST, fails=False)
        assert ever_pass[-1] <= rule.alpha_pass
        few_enough = (1 - rule.quantile) * (1 - beyond)
        _, ever_fail = verdicts(rule, few_enough, LONGEST, passes=False)
        assert ever_fail[-1] <= rule.alpha_fail


def test_figures_of_the_specification_hold_exactly() -> None:
    n = 1000
    passed, failed = verdicts(P95, exceedance(0.5), n)
    assert median_samples(passed) <= 75
    assert failed[-1] <= 0.001
    passed, failed = verdicts(P95, exceedance(0.8), n)
    assert passed[300] >= 0.75  # asked: 0.70
    assert passed[n] >= 0.99
    assert failed[-1] <= 0.01
    passed, failed = verdicts(P95, exceedance(1), n)
    assert passed[-1] <= 0.05
    assert failed[-1] <= 0.01
    passed, failed = verdicts(P95, exceedance(1.25), n)
    assert failed[n] >= 0.99
    assert median_samples(failed) <= 200
    assert passed[-1] <= 0.005
    passed, failed = verdicts(P95, exceedance(2), n)
    assert median_samples(failed) <= 15
    assert passed[-1] <= 0.001


@given(st.sampled_from(RULES), st.randoms(use_true_random=False), st.floats(0, 1))
def test_gate_decides_at_the_first_crossing_and_stays(
    rule: GateRule, rng: random.Random, p: float
) -> None:
    gate = QuantileGate(rule)
    expected, k, decided_at = Decision.UNDECIDED, 0, 0
    for n in range(1, 401):
        exceeded = rng.random() < p
        if expected is Decision.UNDECIDED:
            k, decided_at = k + exceeded, n
            most, least = boundaries(rule)[n]
            expected = Decision.PASS if k <= most else Decision.FAIL if k >= least else expected
        assert gate.add(exceeded) is expected
    assert (gate.state.n, gate.state.exceedances) == (decided_at, k)
    assert gate.state.decision is gate.decision is expected


@pytest.mark.parametrize(("p", "r"), [(0.05, 0.05), (0.0, 0.1), (0.02, 0.08)])
def test_two_routes_whose_mean_is_at_the_limit_exactly(p: float, r: float) -> None:
    """Exact over (k of route 1, k of route 2), the two in turn: PASS within alpha_pass."""
    n, size = 1000, 110
    by_route = replace(P95, alpha_fail=P95.alpha_fail / 2)
    alive = np.zeros((size, size))
    alive[0, 0] = 1
    total = np.add.outer(np.arange(size), np.arange(size))
    passed = failed = 0.0
    for i in range(1, n + 1):
        mine = alive if i % 2 else alive.T
        share = p if i % 2 else r
        mine[1:] = mine[1:] * (1 - share) + mine[:-1] * share
        mine[0] *= 1 - share
        least = boundaries(by_route)[(i + 1) // 2][1]
        failed += mine[least:].sum()
        mine[least:] = 0
        most, least = boundaries(P95)[i]
        failed += alive[total >= least].sum()
        passed += alive[total <= most].sum()
        alive[(total >= least) | (total <= most)] = 0
    assert passed + failed + alive.sum() == pytest.approx(1)
    assert passed <= P95.alpha_pass
    if p == r:
        assert failed <= P95.alpha_fail
