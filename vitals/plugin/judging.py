"""One test of a check: wait for its samples, call it, and hand what happens to the verdict."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from vitals.plugin.selected import CHECK
from vitals.probe.series import GateSample
from vitals.report import repeat
from vitals.report.timing import slowest
from vitals.verdict import conclude
from vitals.verdict.check import FOUNDATIONS
from vitals.verdict.finding import Finding
from vitals.verdict.gate_line import by_route, starvation
from vitals.verdict.outcome import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Collection

    from vitals.plugin.session import Session
    from vitals.probe.sample import Observation
    from vitals.probe.spec import Probe

RESULT = pytest.StashKey[Result]()


class NotHealthyError(Exception):
    """Tells pytest that a check failed; the result in the item's stash says why."""


def title_of(item: pytest.Item) -> str:
    """The title of a check's instance."""
    check, target = item.stash[CHECK]
    return check.named(check.title, target)


def probes_of(item: pytest.Item) -> tuple[tuple[str, Probe], ...]:
    """The probes of a check's instance by argument name."""
    check, target = item.stash[CHECK]
    return check.for_target(target)


def run_check(session: Session, item: pytest.Function) -> Result:
    """Run one check to its result.

    Raises:
        Exception: whatever in the check is not a finding; it is a fault of the suite.
    """
    began = time.monotonic()
    result = _judge(session, item)
    gap = next((gap for gap in session.environment.known_gap if gap.check == result.title), None)
    if gap is not None:
        result = conclude.with_known_gap(result, gap, datetime.now(UTC).date())
    return replace(result, seconds=time.monotonic() - began)


def blank_result(item: pytest.Item, outcome: Outcome) -> Result:
    """A result that says which check it is and nothing about what it found."""
    check, _ = item.stash[CHECK]
    return Result(
        id=item.nodeid,
        title=title_of(item),
        severity=check.severity,
        incident=check.incident,
        runbook=check.runbook,
        outcome=outcome,
        probes=tuple(probe.label for _, probe in probes_of(item)),
    )


def _judge(session: Session, item: pytest.Function) -> Result:
    check, target = item.stash[CHECK]
    blank = blank_result(item, Outcome.SUITE_ERROR)
    if check.step is not None:
        from vitals.plugin import stepping  # noqa: PLC0415 - health checks do not pay for it

        return stepping.walk(session, item, blank)
    probes = probes_of(item)
    for _, probe in probes:
        if key := probe.off_because(session.environment):
            return conclude.off(blank, key)
    sent = session.sent
    if sent is None:
        raise RuntimeError("a check was called before its probes were sent")
    samples = {name: sent.result(probe) for name, probe in probes}
    names = item._fixtureinfo.argnames  # noqa: SLF001 - pytest's own caller of tests reads it too
    arguments = {name: item.funcargs[name] for name in names if name not in samples}
    blank = replace(blank, timing=_timing(samples.values()))
    for sample in samples.values():
        if isinstance(sample, GateSample) and (proof := starvation(sample)):
            session.starved = session.starved or proof
            return conclude.blocked(blank, "the prober")
    try:
        words = item.obj(**arguments, **samples)
    except Finding as finding:
        broken = sent.prober_broken() if _is_unanswered(finding) else None
        base = _foundation(session, blank.title, check.named(check.stands_on, target), finding)
        result = conclude.found(blank, finding, base, broken or "")
        seen = finding.observation
        return replace(result, repeat=repeat.command(seen, session.environment) if seen else "")
    parts = [part for sample in samples.values() for part in sample.all()]
    first = next((part.first for part in parts if part.first is not None), None)
    return conclude.passed(blank, str(words or "OK"), first)


def _foundation(session: Session, own: str, declared: str, finding: Finding) -> Result | None:
    """What a finding may be blocked by: the declared check, or that of the surface it is about."""
    about = finding.observation.probe.target if finding.observation else ""
    known = [session.result_of(title) for title in (declared, FOUNDATIONS.get(about, ""))]
    bases = [base for base in known if base is not None and base.title != own]
    unwell = (base for base in bases if not base.outcome.is_healthy)
    return next(unwell, bases[0] if bases else None)


def _timing(samples: Collection[Observation]) -> str:
    """Where the time went: the phases of the slowest request, or of a gate each route's own."""
    gates = [sample for sample in samples if isinstance(sample, GateSample)]
    return " · ".join(map(by_route, gates)) if gates else slowest(samples)


def _is_unanswered(finding: Finding) -> bool:
    return finding.observation is not None and not finding.observation.answered
