"""What is selected and in which order never changes what is true."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hostile_server import HostileServer
from standin_process import running_standin
from suite_run import Suite, environment_text, faults_on

from vitals import Get, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite_run import Ended


@pytest.fixture(scope="module", name="suite")
def _suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    return Suite(tmp_path_factory.mktemp("suite") / "copy")


@pytest.fixture(scope="module", name="ready")
def _ready(suite: Suite) -> Iterator[dict[str, Any]]:
    with running_standin("--tls", "--no-limits") as ready:
        suite.write_environment("here", environment_text(ready))
        yield ready


def outcomes(ended: Ended) -> dict[str, str]:
    """What each check came to, and what blocked it."""
    return {
        title: f"{finding['outcome']} {finding['blocked_by']}".strip()
        for title, finding in ended.findings.items()
    }


def test_any_order_gives_the_same_results(suite: Suite, ready: dict[str, Any]) -> None:
    with faults_on(ready, "database-gone", "sockets-gone"):
        whole = suite.run("checks", "--env", "here")
        expected = outcomes(whole)
        for seed in (1, 2, 3):
            random = ("-p", "pytest_randomly", f"--randomly-seed={seed}")
            ended = suite.run("checks", "--env", "here", *random)
            assert outcomes(ended) == expected
            assert ended.code == 1
            assert next(line for line in ended.lines if line[0] in "✓✗") == whole.line("API Health")
    assert expected["Components"] == "BLOCKED API Health"
    assert expected["Socket authentication"] == "BLOCKED Sockets"


def test_a_check_without_what_it_stands_on_is_still_no_pass(
    suite: Suite, ready: dict[str, Any]
) -> None:
    with faults_on(ready, "api-down"):
        ended = suite.run("checks/test_sockets.py", "checks/test_tls.py", "--env", "here")
    found = outcomes(ended)
    assert found["Sockets"] == "FAIL"
    assert found["Socket authentication"] == "BLOCKED Sockets"
    assert found["TLS api"] == "FAIL"
    assert found["TLS web"] == "PASS"
    assert "API Health" not in found
    assert ended.code == 1


def test_what_failed_last_is_asked_again(suite: Suite, ready: dict[str, Any]) -> None:
    with faults_on(ready, "cors-open"):
        whole = suite.run("checks", "--env", "here", "--cache-clear")
        again = suite.run("checks", "--env", "here", "--lf")
    healed = suite.run("checks", "--env", "here", "--lf")
    assert (whole.code, again.code, healed.code) == (1, 1, 0)
    assert outcomes(again) == {"CORS for strangers": "FAIL"}
    assert outcomes(healed) == {"CORS for strangers": "PASS"}
    assert healed.lines[-1].startswith("Selected checks passed (partial run: 1 of ")


def test_each_question_is_asked_once_however_many_checks_share_it(suite: Suite) -> None:
    with HostileServer({}) as server:
        suite.write_environment("count", environment_text({"api": server.url}))
        ended = suite.run("checks", "--env", "count")
        asked = Counter(head.split("\r\n")[0] for head in server.heads)
    assert ended.code == 1
    sharing = [f for f in ended.record["findings"] if "GET api /api/v1/health" in f["probes"]]
    assert len(sharing) >= 3
    assert asked["GET /api/v1/health HTTP/1.1"] == 1
    watched = asked.pop("GET /api/v1/health/version HTTP/1.1")
    assert 2 <= watched <= 4
    assert set(asked.values()) == {1}


def test_only_what_was_selected_is_sent(suite: Suite) -> None:
    with HostileServer({}) as server:
        suite.write_environment("count", environment_text({"api": server.url}))
        suite.run("checks", "--env", "count", "--collect-only")
        assert server.heads == []
        suite.run("checks", "--env", "count", "-k", "tls or nothing_like_this")
        assert server.heads == []
        suite.run("checks/test_components.py", "--env", "count")
        assert server.paths() == ["/api/v1/health/detailed"]


def test_a_run_costs_its_slowest_probe_and_not_the_sum(suite: Suite, ready: dict[str, Any]) -> None:
    with faults_on(ready, "api-slow=0.8"):
        ended = suite.run("checks", "--env", "here")
    samples = [sample for probe in ended.record["probes"] for sample in probe["samples"]]
    assert sum(sample["duration"] for sample in samples) > 12
    assert ended.seconds < 6


@pytest.mark.parametrize("name", ["page", "browser", "context"])
def test_a_check_cannot_take_the_browsers_names(name: str) -> None:
    declare: Any = check
    with pytest.raises(ValueError, match=name):
        declare("x", severity="info", incident="P4", runbook="", **{name: Get("api", "/")})


def test_a_known_gap_covers_its_symptom_and_what_stands_on_it(
    suite: Suite, ready: dict[str, Any]
) -> None:
    until = datetime.now(UTC).date() + timedelta(days=30)
    gap = f'[[known_gap]]\ncheck = "Sockets"\nsymptom = "404"\nreason = "r"\nuntil = {until}\n'
    suite.write_environment("gap", environment_text(ready, more=gap))
    with faults_on(ready, "sockets-gone"):
        known = suite.run("checks", "--env", "gap")
    with faults_on(ready, "sockets-polling-only"):
        other = suite.run("checks", "--env", "gap")
    closed = suite.run("checks", "--env", "gap")
    assert (known.code, other.code, closed.code) == (0, 1, 0), closed.out
    assert outcomes(known)["Sockets"] == "KNOWN GAP"
    assert outcomes(known)["Socket authentication"] == "KNOWN GAP Sockets"
    assert known.line("Sockets") == f"g Sockets: KNOWN GAP (r; until {until})"
    assert known.lines[-1].startswith("All critical checks passed!")
    assert outcomes(other)["Sockets"] == "FAIL"
    assert "GAP CLOSED: remove its [[known_gap]] entry" in closed.line("Sockets")
    assert closed.line("Sockets").startswith("✓")
