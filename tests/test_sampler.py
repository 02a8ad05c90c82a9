"""The open schedule: what it measures, what counts, and how often its gate is wrong."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sampling import (
    OTHERS,
    READY,
    SO_FAST,
    Answer,
    Series,
    rule_of,
    sample_series,
    slow_share,
    steady,
)

from vitals.probe.sample import Kind
from vitals.probe.series import Use
from vitals.record.gates import counts, decided_again, gate_infos, series_probes
from vitals.verdict.gate import Decision, PooledGate
from vitals.verdict.gate_line import starvation
from vitals.verdict.response_time import threshold_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from vitals.environment.readers import Route

RUNS = 1000
SAMPLES = 110


def uses(series: Series) -> Counter[Use]:
    return Counter(timed.use for timed in series.timed)


# --- how often it is wrong ---


@pytest.mark.parametrize("limit", [1.0, 2.0])
def test_a_target_exactly_at_the_limit_is_rarely_decided(limit: float) -> None:
    """One in twenty answers takes up to 10 s; three standard errors are allowed."""
    rule = rule_of(limit, samples=SAMPLES)
    found = Counter(
        sample_series(slow_share(0.05, limit, seed), rule, windows=SO_FAST).report().decision
        for seed in range(round(limit) * RUNS, (round(limit) + 1) * RUNS)
    )
    for decision, alpha in ((Decision.PASS, 0.05), (Decision.FAIL, 0.01)):
        assert found[decision] / RUNS <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / RUNS)
    assert found[Decision.PASS] > 0


def test_evidence_in_order_of_arrival_would_let_it_pass() -> None:
    """The same samples, each applied when it is known: the slow ones come last."""
    rule = rule_of(2.0, samples=SAMPLES)
    passed = 0
    for seed in range(RUNS // 5):
        undecided = rule_of(2.0, samples=SAMPLES, name="all", alpha=1e-9)
        series = sample_series(slow_share(0.05, 2.0, seed), undecided, windows=SO_FAST)
        gate = PooledGate(threshold_of(rule).rule, threshold_of(rule).routes)
        for timed in sorted(series.timed, key=lambda one: one.planned + min(one.elapsed, 2.0)):
            gate.add(timed.route, timed.elapsed > 2.0)
        passed += gate.decision is Decision.PASS
    assert passed / (RUNS // 5) > 0.2


# --- what was decided live is what the record says ---

ANSWERS = st.one_of(
    st.builds(Answer, st.sampled_from([0.01, 0.15, 0.1999999, 0.2, 0.2000001, 1.0, 1.1999, 1.2])),
    st.builds(Answer, st.floats(0, 3), body=st.floats(0, 2)),
    st.builds(Answer, st.floats(0, 3), st.sampled_from([429, 500, 503])),
    st.builds(Answer, st.floats(0, 3), st.just(503), st.just(True)),
    st.builds(
        Answer,
        st.floats(0, 0.1),
        st.just(429),
        headers=st.sampled_from([{"Retry-After-short": "1"}, {"Retry-After": "30"}, {}]),
    ),
    st.builds(
        Answer, st.floats(0, 3), kind=st.sampled_from([Kind.RESET, Kind.REFUSED, Kind.PROBER])
    ),
    st.builds(Answer, st.just(30.0)),
)


@settings(max_examples=150, deadline=None)
@given(
    spells=st.lists(st.tuples(ANSWERS, st.integers(1, 40)), min_size=1, max_size=12),
    hold_ups=st.lists(st.tuples(st.floats(0, 8), st.floats(0, 2)), max_size=3),
    has_routes=st.booleans(),
)
@example(spells=[(Answer(0.9), 40)], hold_ups=[], has_routes=False)
@example(
    spells=[(Answer(0.01), 30), (Answer(0.05, 503, of_edge=True), 20)],
    hold_ups=[(1.0, 0.5)],
    has_routes=True,
)
def test_what_is_decided_live_follows_from_the_samples(
    spells: list[tuple[Answer, int]], hold_ups: list[tuple[float, float]], *, has_routes: bool
) -> None:
    script = [answer for answer, times in spells for _ in range(times)]
    routes = (READY, *OTHERS) if has_routes else (READY,)
    asked = iter(range(10_000))
    rules = (
        rule_of(1.0, *routes, samples=120),
        rule_of(0.2, *routes, name="SLO", measure="server", samples=120),
    )
    series = sample_series(
        lambda _route, _at: script[next(asked) % len(script)], *rules, hold_ups=hold_ups
    )
    for rule in rules:
        report = series.report(rule)
        applied = series.applied[rule.name]
        assert (report.decision is not Decision.UNDECIDED) == (rule.name in series.decided)
        assert (report.n, report.exceedances) == (len(applied), sum(slow for _, slow in applied))
    tally = counts(series.samples())
    assert tally.planned == len(series.timed) == tally.sent + tally.not_sent
    assert tally.sent == tally.answered + tally.failed + tally.unresolved
    assert tally.answered + tally.failed == (
        tally.counted + tally.throttled + tally.set_aside + tally.after_verdict
    )
    probes = series_probes(series.samples())
    for info in gate_infos(series.samples()):
        assert decided_again(info, probes) == info


# --- what is measured ---


@pytest.mark.parametrize("seconds", [0.01, 0.3, 0.9])
def test_a_target_below_the_limit_passes_at_whatever_speed(seconds: float) -> None:
    series = sample_series(steady(seconds), rule_of(1.0, READY, *OTHERS))
    assert series.report().decision is Decision.PASS
    assert uses(series).keys() <= {Use.EVIDENCE, Use.UNRESOLVED}
    assert {round(one.elapsed, 3) for one in series.timed if one.sample} == {seconds}


def frozen(start: float, end: float) -> Callable[[Route, float], Answer]:
    """Nothing is answered from start to end, then all at once."""
    return lambda _route, at: Answer(0.01 + (end - at if start <= at < end else 0.0))


def test_a_freeze_is_seen_for_what_it_is() -> None:
    """Each request lasts as long as a visitor at its planned moment would have waited."""
    series = sample_series(frozen(1.0, 3.0), rule_of(5.0, READY, *OTHERS))
    assert series.report().observed["max"] == pytest.approx(2.01, abs=0.07)
    for timed in series.timed:
        waits = 3.0 - timed.planned if 1.0 <= timed.planned < 3.0 else 0.0
        assert timed.elapsed == pytest.approx(0.01 + waits, abs=0.06) or not timed.sample
    seen = sum(1.0 <= timed.planned < 3.0 for timed in series.timed)
    assert seen >= 25


def test_half_of_the_answers_too_slow_is_decided_soon() -> None:
    series = sample_series(slow_share(0.5, 2.0, 1), rule_of(2.0, READY, *OTHERS))
    assert series.report().decision is Decision.FAIL
    assert series.seconds <= 3.0


def test_one_slow_route_is_named() -> None:
    slow = OTHERS[1]
    series = sample_series(
        lambda route, _: Answer(1.2 if route == slow else 0.01), rule_of(1.0, READY, *OTHERS)
    )
    assert (series.report().decision, series.report().failed_route) == (Decision.FAIL, str(slow))


# --- what counts ---

EDGE = Answer(0.01, 503, of_edge=True)
THROTTLED = Answer(0.01, 429, headers={"Retry-After-short": "1"})


def during(answer: Answer, start: float, end: float) -> Callable[[Route, float], Answer]:
    return lambda _route, at: answer if start <= at < end else Answer(0.01)


@pytest.mark.parametrize("answer", [THROTTLED, EDGE], ids=["429", "503 of an edge"])
def test_throttling_for_a_second_counts_for_nothing(answer: Answer) -> None:
    series = sample_series(during(answer, 1.0, 2.0), rule_of(1.0, READY, *OTHERS))
    report = series.report()
    assert (report.decision, report.exceedances) == (Decision.PASS, 0)
    assert 2 <= report.throttled <= 8


@pytest.mark.parametrize(
    "target",
    [
        during(EDGE, 1.0, math.inf),
        during(EDGE, 0.0, 2.0),
        during(Answer(0.01, 503), 1.0, 2.0),
        during(Answer(0.01, kind=Kind.REFUSED), 1.0, math.inf),
    ],
    ids=["of an edge for good", "of an edge from the first", "of the product", "refused"],
)
def test_what_is_not_throttling_fails(target: Callable[[Route, float], Answer]) -> None:
    series = sample_series(target, rule_of(1.0, READY, *OTHERS))
    assert series.report().decision is Decision.FAIL


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_503s_of_an_edge_now_and_then_are_no_throttling(share: float) -> None:
    """One of some instances is gone: the others answer all the time."""
    decisions = set()
    for seed in range(20):
        answers = slow_share(share, 0.0, seed)
        series = sample_series(
            lambda route, at, answers=answers: (
                EDGE  # type: ignore[misc] # binds the loop's name
                if answers(route, at).after != 0.1
                else Answer(0.01)
            ),
            rule_of(1.0, READY, *OTHERS),
        )
        decisions.add(series.report().decision)
    assert Decision.PASS not in decisions


def test_429_for_good_is_undecided() -> None:
    report = sample_series(during(THROTTLED, 1.0, math.inf), rule_of(1.0)).report()
    assert (report.decision, report.exceedances) == (Decision.UNDECIDED, 0)


def test_what_the_prober_sends_late_is_set_aside() -> None:
    series = sample_series(steady(0.01), rule_of(1.0), hold_ups=[(1.0, 0.05)])
    assert uses(series)[Use.SET_ASIDE] == 0 or max(t.late for t in series.timed) > 0.02
    series = sample_series(
        steady(0.01), rule_of(1.0, READY, *OTHERS), hold_ups=[(t / 2, 0.3) for t in range(1, 20)]
    )
    report = series.report()
    assert report.is_starved
    assert report.decision is not Decision.FAIL
    assert "late by the prober itself" in (starvation(series.samples()[0]) or "")
