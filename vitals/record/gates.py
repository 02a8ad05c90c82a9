"""The gates in the record: their samples in planned order, and the way back to a verdict."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from vitals.probe.sample import Kind
from vitals.probe.series import GateSample, Timed, Use
from vitals.record.run import Counts, GateInfo, PlanInfo, ProbeInfo, SampleInfo
from vitals.record.samples import sample_info
from vitals.record.times import rfc3339
from vitals.verdict.response_time import GateReport, Threshold, evaluate, threshold_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

_DIGITS = 6


def series_probes(gates: Sequence[GateSample]) -> list[ProbeInfo]:
    """The requests of each series as the samples of one probe; empty series left out."""
    return [
        ProbeInfo(
            label=_label(gate.series),
            samples=[_planned_sample(timed, gate) for timed in gate.timed],
        )
        for gate in _once(gates)
    ]


def gate_infos(gates: Iterable[GateSample]) -> list[GateInfo]:
    """Each gate with what its samples came to."""
    return [
        gate_info(
            threshold_of(gate.rule), _rounded(gate.timed), _label(gate.series), gate.round_trip
        )
        for gate in gates
        if gate.rule is not None
    ]


def gate_info(
    threshold: Threshold, series: Sequence[Timed], samples: str, round_trip: float
) -> GateInfo:
    """A gate decided from a series.

    Args:
        threshold: the gate's rule.
        series: its requests in planned order.
        samples: the label of the probe that holds them.
        round_trip: of the host, seconds.
    """
    report = evaluate(threshold, series)
    return GateInfo(
        name=threshold.name,
        samples=samples,
        limit=threshold.limit,
        measure=threshold.measure,
        quantile=threshold.quantile,
        alpha_pass=threshold.alpha_pass,
        alpha_fail=threshold.alpha_fail,
        routes=threshold.routes,
        round_trip=round(round_trip, _DIGITS),
        decision=report.decision.value,
        n=report.n,
        exceedances=report.exceedances,
        failures=report.failures,
        throttled=report.throttled,
        set_aside=report.set_aside,
        used=report.used,
        failed_route=report.failed_route,
        observed={name: _finite(value) for name, value in report.observed.items()},
        upper=_finite(report.upper),
        lower=_finite(report.lower),
        by_route={route: [_finite(value), n] for route, (value, n) in report.by_route.items()},
        to_decide=report.to_decide,
        autocorrelation=_finite(report.autocorrelation),
        stretch=_stretch(report),
        is_starved=report.is_starved,
    )


def decided_again(info: GateInfo, probes: Iterable[ProbeInfo]) -> GateInfo | None:
    """A gate decided again from the samples in the record, None when they are not there."""
    samples = next((probe.samples for probe in probes if probe.label == info.samples), None)
    if samples is None:
        return None
    threshold = Threshold(
        name=info.name,
        limit=info.limit,
        measure=info.measure,
        quantile=info.quantile,
        alpha_pass=info.alpha_pass,
        alpha_fail=info.alpha_fail,
        routes=info.routes,
    )
    series = [_timed(sample.plan) for sample in samples if sample.plan is not None]
    series.sort(key=lambda timed: timed.index)
    return gate_info(threshold, series, info.samples, info.round_trip)


def counts(gates: Sequence[GateSample]) -> Counts:
    """The requests of all series by what became of them, each series once."""
    tally = dict.fromkeys(Counts.__dataclass_fields__, 0)
    for gate in _once(gates):
        rules = [other.rule for other in gates if other.series == gate.series and other.rule]
        reports = [(one, evaluate(one, gate.timed)) for one in map(threshold_of, rules)]
        for timed in gate.timed:
            for name in _fates(timed, reports):
                tally[name] += 1
    return Counts(**tally)


def _fates(timed: Timed, reports: list[tuple[Threshold, GateReport]]) -> list[str]:
    if timed.use is Use.NOT_SENT:
        return ["planned", "not_sent"]
    if timed.use is Use.UNRESOLVED:
        return ["planned", "sent", "unresolved"]
    is_answered = timed.sample is not None and timed.sample.answered
    is_counted = any(
        timed.index <= report.used and timed.exceeds(threshold.limit, threshold.measure) is not None
        for threshold, report in reports
    )
    if is_counted:
        fate = "counted"
    elif timed.use is Use.EVIDENCE:
        fate = "after_verdict"
    else:
        fate = "throttled" if timed.use is Use.THROTTLED else "set_aside"
    return ["planned", "sent", "answered" if is_answered else "failed", fate]


def _once(gates: Sequence[GateSample]) -> list[GateSample]:
    """One gate for each series that gates share."""
    by_series = {gate.series: gate for gate in gates if gate.rule is not None}
    return list(by_series.values())


def _label(series: str) -> str:
    return f"gate {series}"


def _planned_sample(timed: Timed, gate: GateSample) -> SampleInfo:
    plan = PlanInfo(
        index=timed.index,
        route=timed.route,
        planned=round(timed.planned, _DIGITS),
        late=round(timed.late, _DIGITS),
        lag=round(timed.lag, _DIGITS),
        use=timed.use.value,
        failed=timed.failed,
        elapsed=_finite(timed.elapsed),
        server=_finite(timed.server),
    )
    if timed.sample is None:
        moment: datetime = gate.started_at
        words = "not answered when the gate was decided"
        return SampleInfo(
            at=plan.planned,
            started=rfc3339(moment),
            kind=Kind.TIMEOUT.value,
            detail=words,
            duration=0.0,
            phases={},
            plan=plan,
        )
    info = sample_info(timed.sample)
    body = info.body if timed.failed else ""  # what a good answer said decides nothing here
    return replace(info, headers=[], body=body, plan=plan)


def _rounded(series: Sequence[Timed]) -> list[Timed]:
    """The series as it stands in the record, so that the verdict is reached from just that."""
    return [
        replace(
            timed,
            planned=round(timed.planned, _DIGITS),
            elapsed=round(timed.elapsed, _DIGITS),
            server=round(timed.server, _DIGITS),
        )
        for timed in series
    ]


def _timed(plan: PlanInfo) -> Timed:
    return Timed(
        index=plan.index,
        route=plan.route,
        planned=plan.planned,
        late=plan.late,
        lag=plan.lag,
        use=Use(plan.use),
        failed=plan.failed,
        elapsed=math.inf if plan.elapsed is None else plan.elapsed,
        server=math.inf if plan.server is None else plan.server,
    )


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, _DIGITS)


def _stretch(report: GateReport) -> list[float] | None:
    stretch = report.stretch
    return None if stretch is None else [round(stretch.start, 6), round(stretch.length, 6)]
