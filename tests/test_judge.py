"""The exit code and the incident level of a run, from what its checks came to."""

from __future__ import annotations

from dataclasses import replace

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
    WHOLE,
    result,
    said,
)

from vitals.verdict.judge import Exit, Verdict, judge
from vitals.verdict.outcome import Incident, Outcome, Severity

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
