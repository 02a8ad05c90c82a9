"""What a run says at its end, from what its checks came to."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from check_results import RUNBOOK, WHOLE, result, said
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vitals.report.lines import Aftermath, Line, Style, lines
from vitals.verdict.judge import Circumstances, Exit, Verdict, judge
from vitals.verdict.outcome import Incident, Outcome, Severity

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)

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
