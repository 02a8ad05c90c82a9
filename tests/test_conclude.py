"""From what a check saw, and what is declared of it, to its outcome and its words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from check_results import (
    BLOCKED,
    BROKEN,
    FAIL,
    FLAKY,
    GAP,
    OFF,
    PASS,
    RUNBOOK,
    UNSURE,
    result,
    said,
)

from vitals.environment import KnownGap
from vitals.probe.sample import Kind, Sample
from vitals.probe.spec import Get
from vitals.verdict import conclude
from vitals.verdict.expect import worst_first
from vitals.verdict.finding import Finding
from vitals.verdict.outcome import Outcome, Result, Severity

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def observed(kind: Kind = Kind.ANSWERED, status: int | None = 200, body: bytes = b"{}") -> Sample:
    """A sample of the API."""
    return Sample(
        probe=Get("api", "/api/v1/health"),
        kind=kind,
        started_at=NOW,
        at=0.0,
        duration=0.1,
        url="https://api.example/api/v1/health",
        status=status if kind is Kind.ANSWERED else None,
        headers=(("content-type", "application/json"),),
        body=body,
    )


BLANK = result("Components", Outcome.SUITE_ERROR, "")
JUDGED = observed(body=b'{"success": true}')
REFUSED = observed(Kind.REFUSED)
REPORTED = result("API Health", FAIL)


def test_a_pass_on_the_second_attempt_is_flaky_and_keeps_the_first() -> None:
    assert conclude.passed(BLANK, "OK (200)", None).outcome is PASS
    for first, words in ((observed(status=503), "503"), (REFUSED, "connection refused")):
        found = conclude.passed(BLANK, "OK (200)", first)
        assert (found.outcome, found.symbol) == (FLAKY, "~")
        assert found.words == f"FLAKY (OK (200), but {words} at the first attempt)"


@pytest.mark.parametrize(
    ("seen", "base", "broken", "outcome", "by"),
    [
        (JUDGED, None, "", FAIL, ""),
        (JUDGED, REPORTED, "", FAIL, ""),
        (JUDGED, REPORTED, "no network", FAIL, ""),
        (None, REPORTED, "", FAIL, ""),
        (REFUSED, None, "", FAIL, ""),
        (REFUSED, replace(REPORTED, outcome=PASS), "", FAIL, ""),
        (REFUSED, replace(REPORTED, outcome=FLAKY), "", FAIL, ""),
        (REFUSED, REPORTED, "", BLOCKED, "API Health"),
        (REFUSED, replace(REPORTED, outcome=UNSURE), "", BLOCKED, "API Health"),
        (REFUSED, replace(REPORTED, outcome=BLOCKED), "", BLOCKED, "API Health"),
        (REFUSED, replace(REPORTED, outcome=GAP), "", GAP, "API Health"),
        (REFUSED, None, "no network", BLOCKED, "the prober"),
        (observed(status=503), REPORTED, "", BLOCKED, "API Health"),
        (observed(status=429), REPORTED, "", BLOCKED, "API Health"),
        (observed(status=404, body=b'{"success": false}'), REPORTED, "", FAIL, ""),
        (observed(body=b"<html>"), REPORTED, "", BLOCKED, "API Health"),
    ],
)
def test_a_finding_is_blocked_only_by_what_reports_its_cause(
    seen: Sample | None, base: Result | None, broken: str, outcome: Outcome, by: str
) -> None:
    found = conclude.found(BLANK, Finding("200", "something", observation=seen), base, broken)
    assert (found.outcome, found.blocked_by) == (outcome, by)
    words = {
        FAIL: "FAILED (expected 200, got something)",
        BLOCKED: f"BLOCKED (by {by})",
        GAP: f"KNOWN GAP (because of {by})",
    }
    assert found.words == words[outcome]
    assert (found.expected, found.observed) == ("200", "something")


def test_a_finding_says_how_much_it_matters() -> None:
    shown = replace(BLANK, severity=Severity.WARNING)
    finding = Finding("401", "200", sentence="/docs answers 200 without login", observation=JUDGED)
    assert conclude.found(shown, finding, None, "").words.endswith("without login (warning)")
    unsure = Finding("a version", "none", outcome=UNSURE, observation=JUDGED)
    found = conclude.found(BLANK, unsure, None, "")
    assert (found.outcome, found.words) == (UNSURE, "UNDECIDED (expected a version, got none)")


TODAY = date(2026, 11, 24)
UNAVAILABLE = conclude.found(
    BLANK, Finding("200", "503 from /health/detailed", observation=observed(status=503)), None, ""
)


def gap(symptom: str = "503", until: date = TODAY) -> KnownGap:
    """A declared gap of the check under test."""
    return KnownGap(check="Components", symptom=symptom, reason="ticket", until=until)


@pytest.mark.parametrize("symptom", ["503", "answered", "/Health/Detailed", "expected 200"])
def test_a_gap_covers_the_failure_that_it_declares(symptom: str) -> None:
    found = conclude.with_known_gap(UNAVAILABLE, gap(symptom), TODAY)
    assert (found.outcome, found.gap_expired) == (GAP, False)
    assert found.words == "KNOWN GAP (ticket; until 2026-11-24)"


@pytest.mark.parametrize("symptom", ["502", "time-out", "/health/ready"])
def test_another_failure_than_the_declared_one_is_a_failure(symptom: str) -> None:
    assert conclude.with_known_gap(UNAVAILABLE, gap(symptom), TODAY) == UNAVAILABLE


def test_a_gap_knows_a_failure_by_how_it_ended() -> None:
    finding = Finding("200", "nothing", observation=REFUSED)
    found = conclude.with_known_gap(
        conclude.found(BLANK, finding, None, ""), gap("connection refused"), TODAY
    )
    assert found.outcome is GAP


@pytest.mark.parametrize("outcome", [UNSURE, BLOCKED, OFF, BROKEN])
def test_a_gap_covers_nothing_but_a_failure(outcome: Outcome) -> None:
    other = replace(UNAVAILABLE, outcome=outcome)
    assert conclude.with_known_gap(other, gap(), TODAY).outcome is outcome


@pytest.mark.parametrize("outcome", [PASS, FLAKY])
def test_a_gap_that_is_closed_stays_green_and_asks_to_be_removed(outcome: Outcome) -> None:
    found = conclude.with_known_gap(result("Components", outcome), gap(), TODAY)
    assert (found.outcome, found.gap_closed) == (outcome, True)
    told = said([*RUNBOOK, found])
    assert any("GAP CLOSED: remove its [[known_gap]] entry" in line for line in told)
    assert told[-1] == "All critical checks passed!"


def test_a_gap_past_its_day_is_shown_and_turns_nothing_red() -> None:
    found = conclude.with_known_gap(UNAVAILABLE, gap(until=TODAY - timedelta(days=1)), TODAY)
    assert (found.outcome, found.gap_expired) == (GAP, True)
    told = said([*RUNBOOK, found])
    assert "g Components: KNOWN GAP (ticket; expired on 2026-11-23)" in told
    assert told[-1] == "All critical checks passed!"


def test_the_worst_answer_is_told_first() -> None:
    ranked = [REFUSED, *(observed(status=status) for status in (503, 500, 499, 404, 301, 201, 200))]
    told = worst_first(*reversed(ranked))
    groups = [(sample.status or 900) // 100 for sample in told]
    assert groups == sorted(groups, reverse=True)
