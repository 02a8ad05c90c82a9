"""What a pipeline reads: one exit code for each way a run can end, and the sentence beside it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest
from probing import closed_port
from suite_run import ALONE, Suite, can_be_alone, environment_text, faults_on

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

CHECK = """
from vitals import Get, Sample, check

@check("Odd one", severity="{severity}", incident="P4", runbook="deploy#4",
       health=Get("api", "/api/v1/health"))
def test_odd_one({arguments}) -> None:
    {body}
"""


@pytest.fixture(name="suite")
def _suite(tmp_path: Path, ready: dict[str, Any]) -> Suite:
    suite = Suite(tmp_path / "copy")
    suite.write_environment("here", environment_text(ready))
    return suite


def add_check(
    suite: Suite,
    body: str,
    *,
    arguments: str = "health: Sample",
    severity: str = "warning",
) -> None:
    """Add one more check to a copy."""
    text = CHECK.format(body=body, arguments=arguments, severity=severity)
    (suite.root / "checks" / "test_odd.py").write_text(text)


def records(suite: Suite) -> list[Path]:
    """The records of all runs in a copy."""
    return list(suite.root.glob("reports/**/run.json"))


def test_without_an_environment_the_known_ones_are_listed(suite: Suite) -> None:
    ended = suite.run("checks")
    assert ended.code == 4
    assert "no environment: say where to look with --env NAME" in ended.err
    for file in (suite.root / "environments").glob("*.toml"):
        description = tomllib.loads(file.read_text())["description"]
        assert re.search(rf"^  {file.stem} +{re.escape(description)}$", ended.err, re.MULTILINE)
    assert ended.folder is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--env", "prodution"], "Did you mean production?"),
        (["--env", "nowhere/at/all.toml"], "No such file"),
        (["--env", "here", "--set", "deadlines.probe_ms=soon"], "deadlines.probe_ms"),
        (["--env", "here", "--set", "deadlines.prob_ms=5"], "probe_ms"),
        (["--env", "here", "--set", "nonsense"], "KEY=VALUE"),
        (["--env", "demo", "--set", "smoke.writes=true"], "decided in the file"),
        (["--env", "here", "--deployed-at", "yesterday"], "--deployed-at yesterday"),
        (["--env", "here", "--deployed-at", "2999-01-01T00:00:00Z"], "lies in the future"),
        (["--env", "here", "--no-such-option"], "--no-such-option"),
        (["--env", "here", "checks/test_no_such_file.py"], "test_no_such_file.py"),
    ],
)
def test_a_wrong_command_line_is_refused_in_one_sentence(
    suite: Suite, arguments: list[str], words: str
) -> None:
    ended = suite.run("checks", *arguments)
    assert ended.code == 4
    assert words in ended.err
    assert "Traceback" not in ended.out + ended.err
    assert records(suite) == []


def test_the_environment_may_come_from_a_variable(suite: Suite) -> None:
    ended = suite.run("checks/test_components.py", environ={"VENDHUB_ENV": "here"})
    assert ended.code == 0
    assert ended.record["environment"]["name"] == "here"


@pytest.mark.parametrize(
    "arguments", [["--help"], ["checks", "--collect-only"], ["tests", "--collect-only"]]
)
def test_what_sends_nothing_needs_no_environment(suite: Suite, arguments: list[str]) -> None:
    (suite.root / "tests").mkdir()
    (suite.root / "tests" / "test_sums.py").write_text("def test_sum():\n    assert 1 + 1 == 2\n")
    ended = suite.run(*arguments)
    assert ended.code == 0, ended.err
    assert ended.folder is None


def test_tests_that_are_no_checks_keep_pytests_own_exit_codes(suite: Suite) -> None:
    (suite.root / "tests").mkdir()
    (suite.root / "tests" / "test_sums.py").write_text("def test_sum():\n    assert 1 + 1 == 3\n")
    assert suite.run("tests").code == 1
    assert suite.run("tests", "-k", "nothing_like_this").code == 5


def test_collecting_for_an_environment_starts_and_sends_nothing(suite: Suite) -> None:
    ended = suite.run("checks", "--env", "demo", "--collect-only")
    assert ended.code == 0
    assert "test_api_health" in ended.out
    assert ended.folder is None
    assert "passed" not in ended.out


def test_selecting_nothing_is_no_success(suite: Suite) -> None:
    ended = suite.run("checks", "--env", "here", "-k", "nothing_like_this")
    assert ended.code == 5
    assert ended.lines[-1] == "Nothing was selected, so nothing is known."
    assert records(suite) == []


def test_a_part_of_the_checks_does_not_speak_for_all(suite: Suite) -> None:
    ended = suite.run("checks", "--env", "here", "-k", "tls")
    assert ended.code == 0, ended.out
    selection = ended.record["selection"]
    assert 0 < selection["critical_selected"] < selection["critical_declared"]
    assert ended.lines[-1] == (
        f"Selected checks passed (partial run: {selection['critical_selected']}"
        f" of {selection['critical_declared']} critical)."
    )
    assert "All critical checks passed" not in ended.out
    assert all("TLS" in title for title in ended.findings)


@pytest.mark.parametrize(
    ("body", "arguments"),
    [
        ("{}['no such key']", "health: Sample"),
        ("assert health.status == 201", "health: Sample"),
        ("import warnings; warnings.warn('deprecated', DeprecationWarning)", "health: Sample"),
        ("pass", "health: Sample, no_such_fixture: str"),
    ],
    ids=["KeyError", "assert", "warning", "fixture"],
)
def test_a_check_that_breaks_says_nothing_about_the_product(
    suite: Suite, body: str, arguments: str
) -> None:
    add_check(suite, body, arguments=arguments)
    ended = suite.run("checks", "--env", "here")
    assert ended.code == 3
    odd = ended.findings.pop("Odd one")
    assert odd["outcome"] == "SUITE ERROR"
    assert ended.line("Odd one").startswith("! Odd one: SUITE ERROR (")
    assert ended.lines[-1] == "Suite error: a check itself is broken, see above."
    others = {t: f["outcome"] for t, f in ended.findings.items() if t != "Odd one"}
    assert len(others) > 25
    assert not {"SUITE ERROR", "BLOCKED", "INCONCLUSIVE"} & set(others.values())
    assert "Odd one" not in ended.out.split("Suite error:")[1]


@pytest.mark.parametrize(
    "text",
    [
        "def broken(:\n",
        "import no_such_package\n",
        CHECK.format(severity="grave", arguments="health: Sample", body="pass"),
    ],
    ids=["syntax", "import", "declaration"],
)
def test_a_broken_file_costs_only_itself(suite: Suite, text: str) -> None:
    (suite.root / "checks" / "test_odd.py").write_text(text)
    ended = suite.run("checks", "--env", "here")
    assert ended.code == 3
    assert "checks/test_odd.py could not be collected" in ended.out
    assert ended.record["verdict"]["suite_errors"] == ["checks/test_odd.py could not be collected"]
    assert ended.findings["API Health"]["outcome"] == "PASS"
    assert len(ended.findings) > 25


def test_a_finding_is_not_hidden_behind_a_suite_error(suite: Suite, ready: dict[str, Any]) -> None:
    add_check(suite, "1 / 0", severity="critical")
    (suite.root / "checks" / "test_odder.py").write_text("import no_such_package\n")
    with faults_on(ready, "database-gone"):
        ended = suite.run("checks", "--env", "here")
    assert ended.code == 1
    assert ended.line("API Health") == (
        "✗ API Health: FAILED (expected 200, got 503 from /health/ready)"
    )
    assert ended.line("Odd one").startswith("! Odd one: SUITE ERROR (ZeroDivisionError")
    assert ended.lines[-1] == "1 critical check(s) failed!"


def test_a_critical_check_that_cannot_decide_leaves_the_run_undecided(suite: Suite) -> None:
    ended = suite.run("checks", "--env", "here", "--expect-version", "1.0.0+unknown")
    assert ended.code == 1
    add_check(
        suite,
        "from vitals import inconclusive; raise inconclusive('more', 'less', of=health)",
        severity="critical",
    )
    ended = suite.run("checks", "--env", "here")
    assert ended.code == 6
    assert ended.line("Odd one") == "? Odd one: UNDECIDED (expected more, got less)"
    assert ended.lines[-1] == "1 critical check(s) could not be decided."


def test_stopping_at_the_first_failure_is_no_verdict_on_the_rest(
    suite: Suite, ready: dict[str, Any]
) -> None:
    with faults_on(ready, "cors-lost"):
        ended = suite.run("checks", "--env", "here", "-x")
    assert ended.code == 1
    assert ended.record["selection"]["critical_unreached"] > 0
    assert ended.lines[-1] == "1 critical check(s) failed!"


def test_an_unknown_fault_for_the_stand_in_is_named(suite: Suite) -> None:
    ended = suite.run("checks", "--env", "demo", "--set", 'standin.faults=["databse-gone"]')
    assert ended.code in {3, 4}
    assert "databse-gone" in ended.out + ended.err
    assert "Traceback" not in ended.out + ended.err


def test_a_file_of_certificates_that_holds_none_is_not_the_products_fault(
    suite: Suite, ready: dict[str, Any], tmp_path: Path
) -> None:
    garbage = tmp_path / "ca.pem"
    garbage.write_text("no certificate")
    suite.write_environment("here", environment_text({**ready, "ca_file": str(garbage)}))
    ended = suite.run("checks", "--env", "here")
    assert ended.code in {4, 7}
    if ended.code == 7:
        assert ended.record["run"]["status"] == "complete"
        assert ended.record["verdict"]["exit_code"] == 7


@pytest.mark.skipif(not can_be_alone(), reason="no namespace: nothing may leave this machine")
@pytest.mark.parametrize("through_a_proxy", [False, True], ids=["no route", "dead proxy"])
def test_a_prober_without_network_does_not_accuse_the_product(
    suite: Suite, *, through_a_proxy: bool
) -> None:
    proxy = f"network.proxy=http://127.0.0.1:{closed_port()}"
    ended = suite.run(
        "checks", "--env", "production", *(["--set", proxy] if through_a_proxy else []),
        prefix=ALONE,
    )  # fmt: skip
    assert ended.code == 7
    assert re.fullmatch(
        r"The prober is broken: nothing answers, neither the product nor https://\S+:"
        r" .*; https://\S+: .*\. Nothing is said about VendHub\.",
        ended.lines[-1],
    )
    record = ended.record
    assert record["run"]["status"] == "complete"
    assert record["verdict"]["exit_code"] == 7
    assert record["prober"]["broken"]
    assert "FAIL" not in {finding["outcome"] for finding in record["findings"]}
    assert ended.findings["API Health"]["words"] == "BLOCKED (by the prober)"
    assert not any("Rollback" in line for line in ended.lines)


@pytest.mark.parametrize(("faults", "code"), [((), 0), (("api-html",), 1)])
def test_a_reader_that_goes_away_changes_no_exit_code(
    suite: Suite, ready: dict[str, Any], faults: tuple[str, ...], code: int
) -> None:
    reading, writing = os.pipe()
    os.close(reading)  # as behind `| head`, which leaves when it has enough
    command = [sys.executable, "-m", "pytest", "checks", "--env", "here", "-v", "-k", "health"]
    with faults_on(ready, *faults), os.fdopen(writing, "wb") as nobody:
        ended = subprocess.run(
            command, cwd=suite.root, stdout=nobody, stderr=subprocess.PIPE, check=False, timeout=60
        )
    assert ended.returncode == code, ended.stderr.decode()
    assert b"Traceback" not in ended.stderr
    (record,) = records(suite)
    assert json.loads(record.read_bytes())["run"]["status"] == "complete"
