"""From what one check found to its result: pure rules, the same tomorrow as today."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from vitals.verdict.outcome import Incident, Outcome, Result

if TYPE_CHECKING:
    from datetime import date

    from vitals.probe.sample import Observation
    from vitals.verdict.finding import Finding


class Gap(Protocol):
    """A declared known gap, as the environment file spells it."""

    @property
    def symptom(self) -> str: ...  # noqa: D102 - the keys of [[known_gap]]
    @property
    def reason(self) -> str: ...  # noqa: D102
    @property
    def until(self) -> date: ...  # noqa: D102


def passed(blank: Result, words: str, first_attempt: Observation | None) -> Result:
    """The result of a check without a finding: PASS, or FLAKY after a failed first attempt."""
    if first_attempt is None:
        return replace(blank, outcome=Outcome.PASS, words=words)
    status = getattr(first_attempt, "status", None)
    observed = f"{status or first_attempt.kind.value} at the first attempt"
    return replace(
        blank,
        outcome=Outcome.FLAKY,
        words=f"FLAKY ({words}, but {observed})",
        expected="the same at the first attempt",
        observed=observed,
    )


def passed_again(result: Result, observed: str) -> Result:
    """A PASS that took a second attempt: FLAKY, with what was observed at the first."""
    return replace(
        result,
        outcome=Outcome.FLAKY,
        words=f"FLAKY ({result.words}, but {observed} at the first attempt)",
        expected="the same at the first attempt",
        observed=observed,
    )


def off(blank: Result, key: str) -> Result:
    """The result of a check that the environment file does not turn on."""
    return replace(blank, outcome=Outcome.OFF, words=f"OFF ({key} would turn it on)")


def found(blank: Result, finding: Finding, base: Result | None, prober_broken: str) -> Result:
    """The result of a check with a finding.

    Args:
        blank: the result so far: who the check is.
        finding: what it raised.
        base: the result of the check that it stands on, None when that did not run.
        prober_broken: the proof that the prober is at fault, empty when it is not.
    """
    result = replace(
        blank,
        outcome=finding.outcome,
        expected=finding.expected,
        observed=finding.observed,
        symptoms=finding.symptoms,
        incident=Incident(finding.incident) if finding.incident else blank.incident,
    )
    unanswered = finding.observation is not None and not finding.observation.answered
    if unanswered and prober_broken:
        return blocked(result, "the prober")
    if finding.is_bare and base is not None and not base.outcome.is_healthy:
        if base.outcome is Outcome.KNOWN_GAP:
            words = f"KNOWN GAP (because of {base.title})"
            return replace(result, outcome=Outcome.KNOWN_GAP, words=words, blocked_by=base.title)
        return blocked(result, base.title)
    if finding.outcome is Outcome.INCONCLUSIVE:
        return replace(result, words=f"UNDECIDED ({finding})")
    if result.is_critical:
        return replace(result, words=finding.sentence or f"FAILED ({finding})")
    return replace(result, words=f"{finding} ({result.severity})")


def with_known_gap(result: Result, gap: Gap, today: date) -> Result:
    """What a result becomes when a known gap is declared for its check.

    Another symptom than the declared one leaves a FAIL a FAIL.

    Args:
        result: what the check came to.
        gap: the entry of the environment file.
        today: the date in UTC.
    """
    if result.outcome.is_healthy:
        words = f"{result.words} · GAP CLOSED: remove its [[known_gap]] entry"
        return replace(result, words=words, gap_closed=True)
    symptom = gap.symptom.casefold()
    *exact, text = (words.casefold() for words in result.symptoms or ("",))
    if result.outcome is not Outcome.FAIL or not (symptom in exact or symptom in text):
        return result
    expired = gap.until < today
    words = f"KNOWN GAP ({gap.reason}; {'expired on' if expired else 'until'} {gap.until})"
    return replace(result, outcome=Outcome.KNOWN_GAP, words=words, gap_expired=expired)


def blocked(result: Result, by: str) -> Result:
    """The result of a check that could not be tried, by what stands in its way."""
    return replace(result, outcome=Outcome.BLOCKED, words=f"BLOCKED (by {by})", blocked_by=by)
