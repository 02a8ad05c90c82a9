"""From what the checks came to, to the lines, the exit code and the outcomes: pure rules."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vitals.environment import KnownGap
from vitals.probe.sample import Kind, Sample
from vitals.probe.spec import Get
from vitals.report.lines import Aftermath, Line, Style, lines
from vitals.verdict import conclude
from vitals.verdict.expect import worst_first
from vitals.verdict.finding import Finding
from vitals.verdict.judge import Circumstances, Exit, Verdict, judge
from vitals.verdict.outcome import Incident, Outcome, Result, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
WHOLE = Circumstances(critical_declared=3, critical_selected=3)


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
DOCS = result(
    "Docs exposed",
    Outcome.FAIL,
    "/docs-json answers 200 without login (warning)",
    severity=Severity.WARNING,
    incident=Incident.P4,
)
MORE = tuple(result(f"check {number}") for number in range(22))


def test_a_healthy_run_ends_with_the_runbooks_lines() -> None:
    assert said([*MORE[:11], DOCS, *RUNBOOK, *MORE[11:]]) == [
        "✓ API Health: OK (200)",
        "✓ Frontend: OK (200)",
        "✓ API Response Time: 0.15s (< 1s) · p95 of 72, at most 0.31s with 95% confidence",
        "! Docs exposed: /docs-json answers 200 without login (warning)",
        "22 more passed (-v shows them)",
        "All critical checks passed!",
    ]


def test_an_unhealthy_run_says_what_was_found_and_how_often() -> None:
    health = "FAILED (expected 200, got 503 from /health/ready)"
    time = "UNDECIDED (p95 0.97s of 60, limit 1s; 140 more samples would decide)"
    told = said(
        [
            result("API Response Time", Outcome.INCONCLUSIVE, time),
            result(
                "API Health",
                Outcome.FAIL,
                health,
                expected="200",
                observed="503 from /health/ready",
                runbook="deploy#4",
                repeat="curl 'https://api.example/health/ready?a=1&b=2'",
            ),
            result("Sockets", Outcome.FAIL, "FAILED (expected 200, got 404 from /socket.io/)"),
        ]
    )
    assert told == [
        f"✗ API Health: {health}",
        "    expected  200",
        "    observed  503 from /health/ready",
        "    runbook   deploy#4",
        "    repeat    curl 'https://api.example/health/ready?a=1&b=2'",
        f"? API Response Time: {time}",
        "✗ Sockets: FAILED (expected 200, got 404 from /socket.io/)",
        "Incident level P2: respond within 1 h",
        "3 critical check(s) failed!",
    ]


def test_every_outcome_has_its_sign_and_findings_come_first() -> None:
    outcomes = [result(outcome.value, outcome) for outcome in reversed(Outcome)]
    assert [line[0] for line in said(outcomes, Circumstances())][:7] == list("✗!?~g–·")  # noqa: RUF001 - the dash of the table of outcomes


def test_what_is_off_and_what_was_left_out_is_in_the_closing_sentence() -> None:
    off = [
        result(name, Outcome.OFF, f"OFF (urls.{name} would turn it on)") for name in ("site", "app")
    ]
    assert said([*RUNBOOK, *off])[-3:] == [
        "· site: OFF (urls.site would turn it on)",
        "· app: OFF (urls.app would turn it on)",
        "All critical checks passed! (2 OFF: site, app)",
    ]
    partial = Circumstances(critical_declared=14, critical_selected=3)
    assert said(RUNBOOK, partial)[-1] == "Selected checks passed (partial run: 3 of 14 critical)."


def test_verbose_shows_every_check_and_where_its_time_went() -> None:
    timed = result("TLS api", words="OK", timing="83 ms = TLS 12 ms")
    told = said([*RUNBOOK, timed, *MORE], verbose=True)
    assert "✓ TLS api: OK · 83 ms = TLS 12 ms" in told
    assert sum(line.startswith("✓") for line in told) == len(MORE) + 4
    assert not any("more passed" in line for line in told)
    assert not any("83 ms" in line for line in said([*RUNBOOK, timed]))


@pytest.mark.parametrize(
    ("level", "minutes_ago", "is_advised"),
    [
        (Incident.P1, None, True),
        (Incident.P1, 600, True),
        (Incident.P2, 60, True),
        (Incident.P2, 61, False),
        (Incident.P2, None, False),
        (Incident.P3, 5, False),
        (Incident.P4, 5, False),
    ],
)
def test_rolling_back_is_advised_when_it_may_help(
    level: Incident, minutes_ago: int | None, *, is_advised: bool
) -> None:
    deployed = None if minutes_ago is None else NOW - timedelta(minutes=minutes_ago)
    after = Aftermath(rollback="./rollback.sh X", verify="pytest", deployed_at=deployed, ended=NOW)
    told = said([result("it", Outcome.FAIL, incident=level)], aftermath=after)
    assert f"Incident level {level}: respond within {level.response}" in told
    advice = [line for line in told if "./rollback.sh X" in line]
    assert bool(advice) is is_advised
    assert all("check for migrations in this release first" in line for line in advice)
    undecided = said([result("it", Outcome.INCONCLUSIVE, incident=level)], aftermath=after)
    assert not any("rollback" in line for line in undecided)


def test_the_response_times_are_the_runbooks() -> None:
    assert [level.response for level in Incident] == ["15 min", "1 h", "4 h", "next sprint"]


HOSTILE = st.text(st.characters(categories=["Cc", "Cf", "Co", "Cs", "Zl", "Zp", "L"]), max_size=12)


@given(HOSTILE, HOSTILE)
@settings(max_examples=60, deadline=None, database=None)
@example("\x1b[2J\x9b", "\r\nAll critical checks passed!\u2028\u202e")
def test_nothing_that_the_target_says_reaches_the_terminal_as_it_is(one: str, other: str) -> None:
    """A body could else clear the screen, or write a closing sentence of its own."""
    shown = lines(
        [
            result("x", Outcome.FAIL, one, expected=other, observed=one, repeat=other, timing=one),
            result("y", Outcome.SUITE_ERROR, other),
        ],
        Verdict(Exit.PROBER_BROKEN, Incident.P1),
        Circumstances(prober_broken=one, suite_errors=(other,)),
        Aftermath(),
        verbose=True,
    )
    for line in shown:
        categories = {unicodedata.category(letter) for letter in line.text}
        assert not categories & {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}, line


def test_colours_say_what_the_words_say() -> None:
    results = [*RUNBOOK, DOCS, result("it", Outcome.FAIL)]
    styles = {
        line.text.split(":")[0]: line.style
        for line in lines(results, judge(results, WHOLE), WHOLE, Aftermath())
    }
    assert styles["✓ API Health"] is Style.GOOD
    assert styles["✗ it"] is styles["1 critical check(s) failed!"] is Style.BAD
    assert styles["! Docs exposed"] is Style.UNSURE
    assert Line("plain").style is Style.PLAIN


PASS, FAIL = Outcome.PASS, Outcome.FAIL
UNSURE, BLOCKED, OFF = Outcome.INCONCLUSIVE, Outcome.BLOCKED, Outcome.OFF
BROKEN, GAP, FLAKY = Outcome.SUITE_ERROR, Outcome.KNOWN_GAP, Outcome.FLAKY
EVERYTHING = {
    "interrupted": True,
    "usage_error": True,
    "prober_broken": "no network",
    "suite_errors": ("broken",),
}


@pytest.mark.parametrize(
    ("outcomes", "circumstances", "code", "closing"),
    [
        ([FAIL, BROKEN, UNSURE], EVERYTHING, 2, "Interrupted: nothing is said about VendHub."),
        ([FAIL, BROKEN], {**EVERYTHING, "interrupted": False}, 4, None),
        (
            [FAIL, BROKEN],
            {"prober_broken": "no network", "suite_errors": ("broken",)},
            7,
            "The prober is broken: no network. Nothing is said about VendHub.",
        ),
        ([FAIL, BROKEN, UNSURE], {"suite_errors": ("x",)}, 1, "2 critical check(s) failed!"),
        ([BROKEN, UNSURE, PASS], {}, 3, "Suite error: a check itself is broken, see above."),
        ([PASS], {"suite_errors": ("x",)}, 3, "Suite error: a check itself is broken, see above."),
        ([], {"suite_errors": ("x",)}, 3, None),
        ([UNSURE, BLOCKED, PASS], {}, 6, "2 critical check(s) could not be decided."),
        ([BLOCKED, PASS], {}, 6, "1 critical check(s) could not be decided."),
        ([GAP, OFF], {}, 6, "Undecided: no critical check gave evidence."),
        ([PASS], {"critical_unreached": 1}, 6, None),
        ([], {}, 5, "Nothing was selected, so nothing is known."),
        ([PASS, GAP, OFF], {}, 0, None),
        ([FLAKY], {}, 0, "All critical checks passed!"),
    ],
)
def test_of_several_exit_codes_the_first_of_the_rules_applies(
    outcomes: list[Outcome], circumstances: dict[str, object], code: int, closing: str | None
) -> None:
    run = replace(WHOLE, **circumstances)  # type: ignore[arg-type]  # fields by name
    results = [result(str(number), outcome) for number, outcome in enumerate(outcomes)]
    assert judge(results, run).exit_code == code
    if closing is not None:
        assert said(results, run)[-1] == closing


@pytest.mark.parametrize("outcome", [FAIL, UNSURE, BLOCKED])
@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.INFO])
def test_what_is_not_critical_never_changes_the_exit_code(
    outcome: Outcome, severity: Severity
) -> None:
    results = [*RUNBOOK, result("it", outcome, severity=severity, incident=Incident.P4)]
    verdict = judge(results, WHOLE)
    assert verdict == Verdict(Exit.HEALTHY, Incident.P4)
    assert said(results)[-1] == "All critical checks passed!"
    assert judge(RUNBOOK, WHOLE).incident is None


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
