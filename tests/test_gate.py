"""The quantile gate on one stream, its evidence against scipy, and its state."""

from __future__ import annotations

import itertools
import json
import math
import time
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from scipy import special, stats  # type: ignore[import-untyped] # scipy ships no types

from vitals.verdict.gate import Decision, GateRule, GateState, QuantileGate
from vitals.verdict.gate.evidence import RareEvent, healthy, unhealthy

P95 = GateRule(quantile=0.95, alpha_pass=0.05, alpha_fail=0.01)
QUANTILES = st.sampled_from([0.05, 0.5, 0.9, 0.95, 0.99, 0.999])


def state_after(rule: GateRule, n: int, exceedances: int) -> GateState:
    """The state by the two counts, whatever a stream on the way there would have decided."""
    return GateState(
        n,
        exceedances,
        healthy(rule.quantile).log_evidence(n, exceedances),
        unhealthy(rule.quantile).log_evidence(n, n - exceedances),
        Decision.UNDECIDED,
    )


def spread(n: int, exceedances: int) -> list[bool]:
    """So many exceedances among n samples, as evenly as whole numbers allow."""
    return [(i + 1) * exceedances // n > i * exceedances // n for i in range(n)]


@pytest.mark.parametrize(
    ("n", "k"), [(1, 0), (1, 1), (59, 0), (74, 3), (1000, 50), (10**6, 0), (10**6, 49_000)]
)
def test_evidence_is_a_mean_of_binomial_likelihood_ratios(n: int, k: int) -> None:
    halves = 0.5 ** np.arange(1, 8)
    near = 0.05 * (1 - np.array([1 - 2**-10, 0.65, *halves]))
    weights = np.array([0.3, 0.5, *(0.2 * halves)])
    ratios = stats.binom.logpmf(k, n, near) - stats.binom.logpmf(k, n, 0.05)
    expected = special.logsumexp(ratios, b=weights / weights.sum())
    assert healthy(0.95).log_evidence(n, k) == pytest.approx(expected, rel=1e-6, abs=1e-5)

    good = 0.95 * (1 - np.array([1 - 2**-10, *(0.5 ** np.arange(1, 12))]))
    harmonic = 1 / np.arange(1, 13)
    ratios = stats.binom.logpmf(n - k, n, good) - stats.binom.logpmf(n - k, n, 0.95)
    expected = special.logsumexp(ratios, b=harmonic / harmonic.sum())
    assert unhealthy(0.95).log_evidence(n, n - k) == pytest.approx(expected, rel=1e-6, abs=1e-5)


@pytest.mark.parametrize("share", [0, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9])
@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.95, 0.99])
def test_the_alternatives_decide_about_as_soon_as_a_beta_mixture(
    quantile: float, share: float
) -> None:
    """The textbook mixture is a flat Beta prior cut at the bound."""

    def textbook(n: float, events: float, bound: float) -> float:
        a, b = events + 1, n - events + 1
        mass = np.log(special.betainc(a, b, bound)) + special.betaln(a, b) - np.log(bound)
        return float(mass - events * np.log(bound) - (n - events) * np.log1p(-bound))

    for test, bound, needed in (
        (healthy(quantile), 1 - quantile, math.log(20)),
        (unhealthy(quantile), quantile, math.log(100)),
    ):
        n = 2
        while textbook(n, n * share * bound, bound) < needed:
            n += 1 + n // 50
        later = math.ceil(1.5 * n)
        assert test.log_evidence(later, later * share * bound) >= needed


@given(QUANTILES, st.integers(0, 3000), st.floats(0, 1), st.floats(0, 1))
def test_expected_evidence_never_grows_under_the_hypothesis(
    quantile: float, n: int, share: float, beyond: float
) -> None:
    k = round(share * n)

    def growth(test: RareEvent, p: float) -> float:
        now = test.log_evidence(n, k)
        event, other = test.log_evidence(n + 1, k + 1), test.log_evidence(n + 1, k)
        return p * math.exp(event - now) + (1 - p) * math.exp(other - now)

    assert growth(healthy(quantile), 1 - quantile * (1 - beyond)) <= 1 + 1e-9
    assert growth(unhealthy(quantile), 1 - (1 - quantile) * (1 - beyond)) <= 1 + 1e-9


def test_least_samples_of_a_verdict() -> None:
    gate = QuantileGate(P95)
    assert [gate.add(exceeded=False) for _ in range(75)].index(Decision.PASS) + 1 == 74
    broken = QuantileGate(P95)
    assert [broken.add(exceeded=True), broken.add(exceeded=True)] == ["UNDECIDED", "FAIL"]


@given(QUANTILES, st.integers(1, 10**6), st.floats(0, 1))
def test_an_exceedance_more_is_less_healthy(quantile: float, n: int, share: float) -> None:
    k = min(round(share * n), n - 1)
    assert healthy(quantile).log_evidence(n, k + 1) < healthy(quantile).log_evidence(n, k)
    unwell = unhealthy(quantile)
    assert unwell.log_evidence(n, n - k - 1) > unwell.log_evidence(n, n - k)


@given(st.permutations(spread(40, 2)), st.permutations(spread(40, 2)))
def test_order_of_undecided_samples_does_not_matter(one: list[bool], other: list[bool]) -> None:
    gates = [QuantileGate(P95), QuantileGate(P95)]
    for gate, flags in zip(gates, (one, other), strict=True):
        for flag in flags:
            gate.add(flag)
    early = [gate for gate in gates if gate.decision is not Decision.UNDECIDED]
    assert early or gates[0].state == gates[1].state


def test_a_million_samples_stay_finite_and_quick() -> None:
    gate = QuantileGate(P95)
    began = time.process_time()
    for i in range(10**6):
        gate.add(i % 20 == 19)
    assert time.process_time() - began < 30  # 2 s where it was measured
    assert gate.state == state_after(P95, 10**6, 50_000)
    assert gate.samples_to_decide() is None
    for quantile, k in itertools.product((0.5, 0.95, 0.999), (0, 1, 10**6)):
        assert math.isfinite(healthy(quantile).log_evidence(10**6, k))
        assert math.isfinite(unhealthy(quantile).log_evidence(10**6, k))


def test_a_million_samples_tell_a_rate_near_the_boundary() -> None:
    assert healthy(0.95).log_evidence(10**6, 49_000) > P95.needed_to_pass
    assert unhealthy(0.95).log_evidence(10**6, 10**6 - 51_000) > P95.needed_to_fail


def test_state_survives_json_and_goes_on() -> None:
    flags = spread(300, 10)
    whole, first = QuantileGate(P95), QuantileGate(P95)
    for flag in flags:
        whole.add(flag)
    for flag in flags[:100]:
        first.add(flag)
    stored = json.dumps(asdict(first.state), allow_nan=False)
    second = QuantileGate(P95, TypeAdapter(GateState).validate_json(stored))
    for flag in flags[100:]:
        second.add(flag)
    assert second.state == whole.state


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": 3, "exceedances": 4},
        {"n": 41},
        {"decision": Decision.PASS},
        {"log_evidence_pass": 3.0},
    ],
)
def test_a_state_that_contradicts_itself_is_refused(wrong: dict[str, object]) -> None:
    state = state_after(P95, 40, 1)
    assert QuantileGate(P95, state).state == state
    with pytest.raises(ValueError, match=r"cannot be|does not follow"):
        QuantileGate(P95, replace(state, **wrong))  # type: ignore[arg-type] # wrong on purpose
    with pytest.raises(ValueError, match="does not follow"):
        QuantileGate(replace(P95, quantile=0.9), state)


@pytest.mark.parametrize("wrong", [0.0, 1.0, -1.0, math.nan, math.inf])
def test_a_rule_outside_0_to_1_is_refused(wrong: float) -> None:
    for name in ("quantile", "alpha_pass", "alpha_fail"):
        with pytest.raises(ValueError, match="between 0 and 1"):
            replace(P95, **{name: wrong})


@pytest.mark.parametrize(("n", "k"), [(30, 0), (60, 1), (100, 2), (20, 2), (100, 8)])
def test_samples_to_decide_comes_true_when_the_rate_goes_on(n: int, k: int) -> None:
    gate = QuantileGate(P95, state_after(P95, n, k))
    more = gate.samples_to_decide()
    assert more is not None
    path = itertools.islice(itertools.cycle(spread(n, k)), 3 * more + 100)
    taken = next(i for i, flag in enumerate(path, 1) if gate.add(flag) is not Decision.UNDECIDED)
    assert more - n <= taken <= more + n // max(k, 1)
    assert gate.samples_to_decide() == 0


def test_no_number_of_samples_is_promised_without_a_rate_or_on_the_boundary() -> None:
    assert QuantileGate(P95).samples_to_decide() is None
    assert QuantileGate(P95, state_after(P95, 20, 1)).samples_to_decide() is None
    assert QuantileGate(P95, state_after(P95, 40_000, 2_010)).samples_to_decide() is None


def test_evidence_is_a_share_of_what_is_needed() -> None:
    gate = QuantileGate(P95)
    assert gate.evidence().healthy == pytest.approx(0)
    shares = []
    while gate.add(exceeded=False) is Decision.UNDECIDED:
        shares.append(gate.evidence().healthy)
    assert shares == sorted(shares)
    assert 0.9 < shares[-1] < gate.evidence().healthy == 1
    assert gate.evidence().unhealthy == 0
