"""What a response-time gate comes to: the same samples give the same verdict tomorrow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from vitals.probe.series import Judging, Use
from vitals.verdict.gate import (
    Decision,
    GateRule,
    PooledGate,
    QuantileBounds,
    Stretch,
    lag1_autocorrelation,
    nearest_rank,
    one_stretch,
    planned_order,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vitals.probe.series import Timed

_MOST_SET_ASIDE = 0.1


class Entry(Protocol):
    """A gate as the environment file spells it."""

    @property
    def name(self) -> str: ...  # noqa: D102 - the keys of [[response_time]]
    @property
    def routes(self) -> Sequence[Any]: ...  # noqa: D102
    @property
    def limit_ms(self) -> float: ...  # noqa: D102
    @property
    def quantile(self) -> float: ...  # noqa: D102
    @property
    def alpha_pass(self) -> float: ...  # noqa: D102
    @property
    def alpha_fail(self) -> float: ...  # noqa: D102
    @property
    def measure(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A gate's rule in plain values: at most 1 - `quantile` of requests take longer than `limit`.

    Attributes:
        name: the gate's title.
        limit: seconds.
        measure: `total` or `server`.
        routes: each route and its share of the samples.
    """

    name: str
    limit: float
    measure: str
    quantile: float
    alpha_pass: float
    alpha_fail: float
    routes: dict[str, float]

    @property
    def rule(self) -> GateRule:
        """Quantile and error probabilities."""
        return GateRule(self.quantile, self.alpha_pass, self.alpha_fail)

    @property
    def percentile(self) -> str:
        """The quantile as people call it, such as p95."""
        return f"p{self.quantile * 100:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """What a gate came to, with the figures that go beside the verdict.

    Attributes:
        decision: PASS, FAIL or UNDECIDED.
        n: samples that counted.
        exceedances: those of them above the limit, failures among them.
        failures: those without a usable answer.
        throttled: requests turned away by a rate limit; they count for nothing.
        set_aside: requests that the prober itself sent late; they count for nothing.
        used: the index of the last sample that counted, -1 if none did.
        failed_route: the route that alone fails the gate.
        observed: nearest-rank p50, the gate's quantile, p99 and the maximum, seconds; infinite
            where a failure is what stands there.
        upper: the gate's quantile is at most this, with confidence 1 - alpha_pass; seconds.
        lower: it is at least this, with confidence 1 - alpha_fail; seconds.
        by_route: each route's own quantile and number of samples.
        to_decide: how many more samples would decide at the observed rate.
        autocorrelation: of the exceedances, at lag 1.
        stretch: where all exceedances of a FAIL lie, if in one stretch.
        is_starved: too many requests were late by the prober's own fault.
    """

    decision: Decision
    n: int
    exceedances: int
    failures: int
    throttled: int
    set_aside: int
    used: int
    failed_route: str | None
    observed: dict[str, float]
    upper: float | None
    lower: float | None
    by_route: dict[str, tuple[float, int]]
    to_decide: int | None
    autocorrelation: float | None
    stretch: Stretch | None
    is_starved: bool


class _Judge:
    """Follows a gate while it is sampled."""

    def __init__(self, threshold: Threshold) -> None:
        self._gate = PooledGate(threshold.rule, threshold.routes)

    def add(self, route: str, *, exceeded: bool) -> bool:
        return self._gate.add(route, exceeded) is not Decision.UNDECIDED


def threshold_of(rule: Entry) -> Threshold:
    """The threshold of an entry of `[[response_time]]`; the first route has half of the samples."""
    first, *others = map(str, rule.routes)
    return Threshold(
        name=rule.name,
        limit=rule.limit_ms / 1000,
        measure=rule.measure,
        quantile=rule.quantile,
        alpha_pass=rule.alpha_pass,
        alpha_fail=rule.alpha_fail,
        routes={first: float(len(others) or 1), **dict.fromkeys(others, 1.0)},
    )


def judging() -> Judging:
    """How the sampler of the probes follows gates."""

    def order(rule: Entry) -> Iterator[Any]:
        routes = {str(route): route for route in rule.routes}
        return (routes[name] for name in planned_order(threshold_of(rule).routes))

    return Judging(judge=lambda rule: _Judge(threshold_of(rule)), order=order)


def evaluate(threshold: Threshold, series: Sequence[Timed]) -> GateReport:
    """Decide a gate from its samples in planned order.

    Args:
        threshold: the gate's rule.
        series: every planned request, in order.
    """
    gate = PooledGate(threshold.rule, threshold.routes)
    counted: list[tuple[Timed, bool]] = []
    for timed in series:
        exceeded = timed.exceeds(threshold.limit, threshold.measure)
        if exceeded is None:
            continue
        counted.append((timed, exceeded))
        if gate.add(timed.route, exceeded) is not Decision.UNDECIDED:
            break
    flags = [exceeded for _, exceeded in counted]
    seconds = [timed.seconds(threshold.measure) for timed, _ in counted]
    bounds = QuantileBounds(threshold.quantile, seconds)
    set_aside = sum(timed.use is Use.SET_ASIDE for timed in series)
    planned = [timed.planned for timed, _ in counted]
    failed = gate.decision is Decision.FAIL
    return GateReport(
        decision=gate.decision,
        n=len(counted),
        exceedances=sum(flags),
        failures=sum(timed.failed for timed, _ in counted),
        throttled=sum(timed.use is Use.THROTTLED for timed in series),
        set_aside=set_aside,
        used=counted[-1][0].index if counted else -1,
        failed_route=gate.failed_route,
        observed=_observed(seconds, threshold),
        upper=bounds.upper(1 - threshold.alpha_pass),
        lower=bounds.lower(1 - threshold.alpha_fail),
        by_route=_by_route(counted, threshold),
        to_decide=gate.samples_to_decide(),
        autocorrelation=lag1_autocorrelation(flags),
        stretch=one_stretch(flags, planned) if failed else None,
        is_starved=set_aside > max(1, _MOST_SET_ASIDE * len(series)),
    )


def _observed(seconds: list[float], threshold: Threshold) -> dict[str, float]:
    if not seconds:
        return {}
    quantiles = {"p50": 0.5, threshold.percentile: threshold.quantile, "p99": 0.99}
    ranked = {name: nearest_rank(seconds, quantile) for name, quantile in quantiles.items()}
    found = {name: value for name, value in ranked.items() if value is not None}
    return {**found, "max": max(seconds)}


def _by_route(
    counted: list[tuple[Timed, bool]], threshold: Threshold
) -> dict[str, tuple[float, int]]:
    found = {}
    for route in threshold.routes:
        own = [timed.seconds(threshold.measure) for timed, _ in counted if timed.route == route]
        value = nearest_rank(own, threshold.quantile) if own else None
        if value is not None:
            found[route] = (value, len(own))
    return found
