"""Bounds of a quantile, the nearest rank, and how exceedances hang together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vitals.verdict.gate import (
    QuantileBounds,
    lag1_autocorrelation,
    nearest_rank,
    one_stretch,
)
from vitals.verdict.gate.evidence import healthy, unhealthy

LATENCIES = st.lists(st.floats(0, 3) | st.just(math.inf), max_size=150)


@given(LATENCIES, st.sampled_from([0.5, 0.9, 0.95]), st.sampled_from([0.8, 0.95, 0.99]))
@example([math.inf] * 8 + [0.1] * 200, 0.95, 0.95)
def test_bounds_are_the_outermost_limits_with_a_verdict(
    latencies: list[float], quantile: float, confidence: float
) -> None:
    n, needed = len(latencies), -math.log(1 - confidence)
    bounds = QuantileBounds(quantile, latencies)
    above = [
        t
        for t in latencies
        if healthy(quantile).log_evidence(n, sum(x > t for x in latencies)) >= needed
    ]
    below = [
        t
        for t in latencies
        if unhealthy(quantile).log_evidence(n, sum(x < t for x in latencies)) >= needed
    ]
    assert bounds.upper(confidence) == min(above, default=None)
    assert bounds.lower(confidence) == max(below, default=None)


def test_bounds_of_a_p95() -> None:
    bounds = QuantileBounds(0.95)
    assert (bounds.upper(0.95), bounds.lower(0.99), bounds.observed()) == (None, None, None)
    for i in range(1, 74):
        bounds.add(i / 100)
    assert bounds.upper(0.95) is None
    bounds.add(0.001)
    assert bounds.upper(0.95) == 0.73
    assert bounds.observed() == 0.7
    bounds.add(math.inf)
    assert bounds.upper(0.95) == math.inf
    assert bounds.lower(0.99) is not None
    assert len(bounds) == 75
    for wrong in (-0.1, math.nan):
        with pytest.raises(ValueError, match="0 or more seconds"):
            bounds.add(wrong)


def test_bounds_cover_the_true_quantile_at_every_moment() -> None:
    rng = np.random.default_rng(95)
    runs, missed = 300, 0
    for latencies in rng.random((runs, 400)):
        bounds = QuantileBounds(0.9)
        for latency in latencies:
            bounds.add(float(latency))
            upper, lower = bounds.upper(0.9), bounds.lower(0.9)
            if (upper is not None and upper < 0.9) or (lower is not None and lower > 0.9):
                missed += 1
                break
    assert 0 < missed <= 0.2 * runs


@given(st.lists(st.floats(0, 9), min_size=1), st.sampled_from([0.07, 0.5, 0.95, 0.99, 1.0]))
def test_nearest_rank_is_the_inverse_of_the_distribution(
    values: list[float], quantile: float
) -> None:
    ordered = sorted(values)
    expected = next(
        v for i, v in enumerate(ordered, 1) if i * 100 >= round(quantile * 100) * len(values)
    )
    assert nearest_rank(values, quantile) == expected


def test_nearest_rank_reads_the_quantile_as_written() -> None:
    assert nearest_rank(range(1, 101), 0.07) == 7
    assert nearest_rank(range(1, 20), 0.95) == 19
    assert nearest_rank([], 0.95) is None
    with pytest.raises(ValueError, match="between 0 and 1"):
        nearest_rank([1], 95)


def test_autocorrelation_tells_stretches_from_chance() -> None:
    flags = [i % 50 < 5 for i in range(1000)]
    x = np.array(flags, dtype=float) - np.mean(flags)
    assert lag1_autocorrelation(flags) == pytest.approx((x[1:] @ x[:-1]) / (x @ x))
    assert lag1_autocorrelation([True, False] * 50) == pytest.approx(-0.99)
    assert lag1_autocorrelation([False] * 9) is None
    assert lag1_autocorrelation([True]) is None
    assert lag1_autocorrelation([]) is None


def test_one_stall_is_told_from_several_and_from_down() -> None:
    times = [i * 0.1 for i in range(6)]
    stall = one_stretch([False, True, True, True, False, False], times)
    assert stall is not None
    assert (stall.start, stall.length) == pytest.approx((0.1, 0.2))
    assert one_stretch([False, True, False, True, False, False], times) is None
    assert one_stretch([False] * 6, times) is None
    assert one_stretch([True] * 6, times) is None
    with pytest.raises(ValueError, match="6 flags with 5 times"):
        one_stretch([True] * 6, times[:5])
