"""The words of a verdict: outcomes, severities, incident levels, and what a check came to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What one check came to. Only PASS and FLAKY are healthy; no evidence is never either."""

    PASS = "PASS"  # noqa: S105 - an outcome, no password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    FLAKY = "FLAKY"
    BLOCKED = "BLOCKED"
    KNOWN_GAP = "KNOWN GAP"
    OFF = "OFF"
    SUITE_ERROR = "SUITE ERROR"

    @property
    def is_healthy(self) -> bool:
        """Whether evidence was found, and it says healthy."""
        return self in {Outcome.PASS, Outcome.FLAKY}


class Severity(StrEnum):
    """Whether a failing check makes the run unhealthy (critical) or is only shown."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Incident(StrEnum):
    """The runbook's incident levels; the smaller the number, the sooner somebody must act."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"

    @property
    def response(self) -> str:
        """The response time that the runbook promises for this level."""
        return {"P1": "15 min", "P2": "1 h", "P3": "4 h", "P4": "next sprint"}[self.value]


SYMBOLS = {
    Outcome.PASS: "✓",
    Outcome.FAIL: "✗",
    Outcome.INCONCLUSIVE: "?",
    Outcome.FLAKY: "~",
    Outcome.BLOCKED: "–",  # noqa: RUF001 - the dash of the outcome table, not a minus
    Outcome.KNOWN_GAP: "g",
    Outcome.OFF: "·",
    Outcome.SUITE_ERROR: "!",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one check came to, in plain values: enough to show it and to judge the run.

    Attributes:
        id: the test's node id below the repository.
        title: the name that people know the check by.
        outcome: see `Outcome`.
        words: what the check's line says behind its title.
        expected: what a healthy VendHub would have shown; empty unless unhealthy.
        observed: what was there instead.
        blocked_by: the title of the check that this one stands on and that is not healthy.
        symptoms: the words by which `[[known_gap]] symptom` may know this finding.
        probes: labels of the probes it looked at; their samples are in the record.
        repeat: a shell command that repeats the decisive probe.
        timing: where the time of its probes went, in words.
        seconds: how long the test took, waiting included.
        evidence: of a step, the last that its browser did and complained of, a line each.
        artifacts: of a step, its files below the run's folder: pictures, traces.
        deadline: seconds that a step may take; None for a check.
        gap_closed: a known gap is declared for it, yet it works again.
        gap_expired: the date of its known gap has passed.
    """

    id: str
    title: str
    severity: Severity
    incident: Incident
    runbook: str
    outcome: Outcome
    words: str = ""
    expected: str = ""
    observed: str = ""
    blocked_by: str = ""
    symptoms: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()
    repeat: str = ""
    timing: str = ""
    seconds: float = 0.0
    evidence: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    deadline: float | None = None
    gap_closed: bool = False
    gap_expired: bool = False

    @property
    def is_critical(self) -> bool:
        """Whether its outcome counts for the exit code."""
        return self.severity is Severity.CRITICAL

    @property
    def is_warned(self) -> bool:
        """A finding of a check that is not critical: shown, but nothing fails by it."""
        return self.outcome is Outcome.FAIL and not self.is_critical

    @property
    def symbol(self) -> str:
        """The sign that its line begins with."""
        return "!" if self.is_warned else SYMBOLS[self.outcome]
