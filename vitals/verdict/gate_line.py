"""What a gate says: the words of its line, of its routes, of a prober that came too late."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from vitals.probe.series import LATE
from vitals.verdict.finding import Finding
from vitals.verdict.gate import Decision
from vitals.verdict.outcome import Outcome
from vitals.verdict.refused_login import refused
from vitals.verdict.response_time import GateReport, Threshold, evaluate, threshold_of

if TYPE_CHECKING:
    from vitals.probe.sample import Observation
    from vitals.probe.series import GateSample

_SHORT = 0.1  # seconds below which hundredths say too little


def starvation(sample: GateSample) -> str | None:
    """The proof that the prober could not keep its schedule, None when it did."""
    if sample.rule is None:
        return None
    report = evaluate(threshold_of(sample.rule), sample.timed)
    if not report.is_starved:
        return None
    return (
        f"{report.set_aside} of {len(sample.timed)} requests of {sample.rule.name} were sent more"
        f" than {LATE * 1000:.0f} ms late by the prober itself: give it a processor of its own"
    )


def by_route(sample: GateSample) -> str:
    """Each route's own quantile, for `-v`; empty for a gate that was not sampled."""
    if sample.rule is None:
        return ""
    threshold = threshold_of(sample.rule)
    report = evaluate(threshold, sample.timed)
    limit = f"{threshold.limit:g}s"
    return ", ".join(
        f"{route} {threshold.percentile} {_seconds(value, limit)} of {n}"
        for route, (value, n) in report.by_route.items()
    )


def line(threshold: Threshold, report: GateReport) -> str:
    """The words of the gate's line.

    Raises:
        Finding: the gate failed, or could not be decided.
    """
    p, limit = threshold.percentile, f"{threshold.limit:g}s"
    seen = _seconds(report.observed.get(p), limit)
    if report.decision is Decision.PASS:
        most = f", at most {_seconds(report.upper, limit)}" if report.upper is not None else ""
        sure = f"{(1 - threshold.alpha_pass) * 100:g}% confidence"
        return f"{seen} (< {limit}) · {p} of {report.n}{most} with {sure}{_beside(report)}"
    if report.decision is Decision.FAIL:
        observed = f"{seen} of {report.n}{_why(threshold, report, limit)}{_beside(report)}"
        raise Finding(f"{p} below {limit}", observed)
    more = report.to_decide
    hope = f"{more} more samples would decide" if more else "more samples would hardly decide"
    sentence = f"{p} {seen} of {report.n}, limit {limit}; {hope}{_beside(report)}"
    raise Finding(
        f"{p} below {limit}",
        f"{seen} of {report.n}",
        sentence=sentence,
        outcome=Outcome.INCONCLUSIVE,
    )


def judged(sample: GateSample) -> str:
    """The words of a gate's line, from the samples that it brought.

    Raises:
        Finding: the gate failed or is undecided; one that saw failures alone, without a single
            answer, is as bare as its last sample.
    """
    if sample.rule is None:
        raise refused(sample)
    threshold = threshold_of(sample.rule)
    report = evaluate(threshold, sample.timed)
    try:
        return line(threshold, report)
    except Finding as finding:
        raise Finding(
            finding.expected,
            finding.observed,
            sentence=finding.sentence,
            outcome=finding.outcome,
            observation=_decisive(sample, report),
        ) from None


def _decisive(sample: GateSample, report: GateReport) -> Observation:
    answered = [one.sample for one in sample.timed if one.sample and one.index <= report.used]
    if report.n and report.failures == report.n and answered:
        return answered[-1]
    return sample


def _why(threshold: Threshold, report: GateReport, limit: str) -> str:
    parts = []
    if report.failures:
        parts.append(f"{report.failures} without a usable answer")
    if slow := report.exceedances - report.failures:
        parts.append(f"{slow} above {limit}")
    if report.failed_route is not None and len(threshold.routes) > 1:
        parts.append(f"{report.failed_route} alone fails it")
    if report.stretch is not None and report.exceedances > 1:
        parts.append(f"one stall of {report.stretch.length:.1f}s")
    if report.lower is not None and threshold.limit < report.lower < math.inf:
        sure = f"{(1 - threshold.alpha_fail) * 100:g}% confidence"
        parts.append(f"at least {_seconds(report.lower, limit)} with {sure}")
    return "; " + ", ".join(parts)


def _beside(report: GateReport) -> str:
    parts = []
    if report.throttled:
        parts.append(f"{report.throttled} throttled")
    if report.set_aside:
        parts.append(f"{report.set_aside} sent more than {LATE * 1000:.0f} ms late and set aside")
    return "".join(f", {part}" for part in parts)


def _seconds(value: float | None, limit: str) -> str:
    """A time to be read; one without end is known only to be over the limit."""
    if value is None:
        return "unknown"
    if math.isinf(value):
        return f"over {limit}"
    return f"{value:.2f}s" if value >= _SHORT else f"{value:.3f}s"
