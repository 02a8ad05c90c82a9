"""Results of checks, as a run may come to them, and the lines that it then ends with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vitals.report.lines import Aftermath, lines
from vitals.verdict.judge import Circumstances, judge
from vitals.verdict.outcome import Incident, Outcome, Result, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

PASS, FAIL = Outcome.PASS, Outcome.FAIL
UNSURE, BLOCKED, OFF = Outcome.INCONCLUSIVE, Outcome.BLOCKED, Outcome.OFF
BROKEN, GAP, FLAKY = Outcome.SUITE_ERROR, Outcome.KNOWN_GAP, Outcome.FLAKY

WHOLE = Circumstances(critical_declared=3, critical_selected=3)
"""Of a run that left no critical check out."""


def result(
    title: str, outcome: Outcome = Outcome.PASS, words: str = "OK", **more: object
) -> Result:
    """A result of a critical P2 check, unless said otherwise."""
    blank = Result(
        id=f"checks/test_it.py::test_{title}",
        title=title,
        severity=Severity.CRITICAL,
        incident=Incident.P2,
        runbook="",
        outcome=outcome,
        words=words,
    )
    return replace(blank, **more)  # type: ignore[arg-type]  # fields of a Result by name


def said(
    results: Sequence[Result],
    run: Circumstances = WHOLE,
    aftermath: Aftermath | None = None,
    *,
    verbose: bool = False,
) -> list[str]:
    """The text of the last lines of a run."""
    after = aftermath or Aftermath()
    return [line.text for line in lines(results, judge(results, run), run, after, verbose=verbose)]


RUNBOOK = (
    result(
        "API Response Time", words="0.15s (< 1s) · p95 of 72, at most 0.31s with 95% confidence"
    ),
    result("Frontend", words="OK (200)"),
    result("API Health", words="OK (200)"),
)
