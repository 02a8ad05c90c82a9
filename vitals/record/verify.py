"""Reaching a run's verdict again from its record alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitals.record.gates import decided_again
from vitals.record.run import GateInfo
from vitals.verdict.judge import Circumstances, Exit, judge
from vitals.verdict.outcome import Incident, Outcome, Result, Severity

if TYPE_CHECKING:
    from vitals.record.run import Counts, FindingInfo, RunRecord


_CANNOT = {Outcome.BLOCKED.value, Outcome.SUITE_ERROR.value, Outcome.KNOWN_GAP.value}
_OUTCOMES = {
    "PASS": {Outcome.PASS.value, *_CANNOT},
    "FAIL": {Outcome.FAIL.value, *_CANNOT},
    "UNDECIDED": {Outcome.INCONCLUSIVE.value, *_CANNOT},
}
"""What a check may have come to by what its gate decided."""


def differences(record: RunRecord) -> list[str]:
    """What in a record contradicts itself; empty when the verdict follows from the rest.

    Returns:
        One sentence for each difference.
    """
    try:
        results = [_result(finding) for finding in record.findings]
    except ValueError as fault:
        return [f"findings: {fault}"]
    circumstances = Circumstances(
        interrupted=record.run.status != "complete",
        prober_broken=record.prober.broken,
        suite_errors=tuple(record.verdict.suite_errors),
        critical_declared=record.selection.critical_declared,
        critical_selected=record.selection.critical_selected,
        critical_unreached=record.selection.critical_unreached,
    )
    verdict = judge(results, circumstances)
    incident = verdict.incident.value if verdict.incident else None
    found = []
    if verdict.exit_code != record.verdict.exit_code:
        found.append(
            f"verdict.exit_code is {record.verdict.exit_code},"
            f" the findings give {verdict.exit_code.value} ({_name(verdict.exit_code)})"
        )
    if incident != record.verdict.incident and not circumstances.interrupted:
        found.append(f"verdict.incident is {record.verdict.incident}, the findings give {incident}")
    return found + _misjudged(record) + _miscounted(record.counts)


def _misjudged(record: RunRecord) -> list[str]:
    """What the samples of the gates give otherwise than the record says."""
    outcomes = {finding.title: finding.outcome for finding in record.findings}
    found = []
    for gate in record.gates:
        try:
            again = decided_again(gate, record.probes)
        except (ValueError, KeyError) as fault:
            found.append(f"gate {gate.name}: cannot be decided again: {fault}")
            continue
        if again is None:
            found.append(f"gate {gate.name}: its samples ({gate.samples}) are not in the record")
            continue
        found += [
            f"gate {gate.name}: {name} is {said}, its samples give {given}"
            for name in GateInfo.__dataclass_fields__
            if (said := getattr(gate, name)) != (given := getattr(again, name))
        ]
        outcome = outcomes.get(gate.name)
        if outcome is not None and outcome not in _OUTCOMES[again.decision]:
            found.append(f"{gate.name} is {outcome}, its samples give {again.decision}")
    return found


def _name(code: Exit) -> str:
    return code.name.lower().replace("_", " ")


def _miscounted(counts: Counts) -> list[str]:
    sums = (
        ("planned", counts.planned, "sent + not_sent", counts.sent + counts.not_sent),
        (
            "sent", counts.sent,
            "answered + failed + unresolved",
            counts.answered + counts.failed + counts.unresolved,
        ),
        (
            "answered + failed", counts.answered + counts.failed,
            "counted + throttled + set_aside + after_verdict",
            counts.counted + counts.throttled + counts.set_aside + counts.after_verdict,
        ),
    )  # fmt: skip
    return [
        f"counts: {left} is {is_}, {right} is {should}"
        for left, is_, right, should in sums
        if is_ != should
    ]


def _result(finding: FindingInfo) -> Result:
    return Result(
        id=finding.id,
        title=finding.title,
        severity=Severity(finding.severity),
        incident=Incident(finding.incident),
        runbook=finding.runbook,
        outcome=Outcome(finding.outcome),
    )
