"""Every fault is found by the checks that are there for it, in their words, and by no other."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest
from probing import closed_port
from red_rows import REFUSED, ROWS, SURFACES, TLS_ROWS, Row, api, warned
from standin_process import running_standin
from suite_run import ALONE, Suite, can_be_alone, environment_text, faults_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from suite_run import Ended

ROUND_S = 4.0
GRACE_S = 3.0
PEAK_MB = 200
TOLD_BY_LIMITS = "Rate limits told"
"""Warned wherever the stand-in runs without limits; the tests of this file need it to."""

CLOSINGS = {
    0: r"All critical checks passed! \(\d+ OFF: .*\)",
    1: r"{fails} critical check\(s\) failed!",
    6: r"\d+ critical check\(s\) could not be decided\.",
}


@pytest.fixture(scope="module", name="suite")
def _suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    return Suite(tmp_path_factory.mktemp("suite") / "copy")


@pytest.fixture(scope="module", name="unlimited")
def _unlimited() -> Iterator[dict[str, Any]]:
    with running_standin("--tls", "--no-limits") as ready:
        yield ready


@pytest.fixture(scope="module", name="limited")
def _limited() -> Iterator[dict[str, Any]]:
    with running_standin("--tls") as ready:
        yield ready


def outcomes(ended: Ended, outcome: str, *, is_warned: bool = False) -> set[str]:
    """The titles of the checks with an outcome; of FAILs, the critical or the other ones."""
    return {
        title
        for title, finding in ended.findings.items()
        if finding["outcome"] == outcome
        and (outcome != "FAIL" or is_warned is (finding["severity"] != "critical"))
    }


def assert_found(ended: Ended, row: Row, *, aside: str = TOLD_BY_LIMITS) -> None:
    """The run says what the row says, and finds nothing else."""
    said = "\n".join(ended.lines)
    assert ended.record["verdict"]["suite_errors"] == [], said
    assert outcomes(ended, "SUITE ERROR") == set(), said
    assert outcomes(ended, "FAIL") == set(row.fails), said
    assert outcomes(ended, "FAIL", is_warned=True) - {aside} == set(row.warned), said
    assert outcomes(ended, "INCONCLUSIVE") == set(row.undecided), said
    for symbol, words in (("✗", row.fails), ("!", row.warned), ("?", row.undecided)):
        for title, pattern in words.items():
            line = ended.line(title)
            assert line.startswith(symbol), f"{line or title}\n{said}"
            assert re.search(pattern, line), line
    blocked = outcomes(ended, "BLOCKED")
    causes = {*row.fails, *row.undecided, *blocked}
    assert {ended.findings[title]["blocked_by"] for title in blocked} <= causes, said
    known = {*row.fails, *row.warned, *row.undecided, *blocked, aside}
    left = {f["outcome"] for title, f in ended.findings.items() if title not in known}
    assert left <= {"PASS", "FLAKY", "OFF"}, said
    assert ended.record["verdict"]["incident"] == row.level, said
    assert ended.code == ended.record["verdict"]["exit_code"] == row.code, said
    assert re.fullmatch(CLOSINGS[row.code].format(fails=len(row.fails)), ended.lines[-1]), said
    assert ended.record["run"]["status"] == "complete"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "+".join(row.faults))
def test_a_fault_is_found_by_its_checks_and_no_other(
    row: Row, unlimited: dict[str, Any], suite: Suite
) -> None:
    text = environment_text(unlimited, round_ms=int(ROUND_S * 1000))
    suite.write_environment("row", text)
    with faults_on(unlimited, *row.faults):
        ended = suite.run("checks", "--env", "row", *row.options, measured=True)
    assert_found(ended, row)
    assert ended.seconds < ROUND_S + GRACE_S
    assert 0 < ended.peak_mb < PEAK_MB


@pytest.mark.parametrize("fault", TLS_ROWS)
def test_a_wrong_certificate_is_named_where_it_is_used(fault: str, suite: Suite) -> None:
    request, certificate, expiry = TLS_ROWS[fault]
    with running_standin("--tls", "--no-limits", "--fault", fault) as ready:
        suite.write_environment("tls", environment_text(ready))
        ended = suite.run("checks", "--env", "tls")
    unreached = dict.fromkeys(("API Health", "Frontend", "Mini App"), REFUSED + request)
    refused = {f"TLS {surface}": certificate for surface in SURFACES}
    ends = {f"TLS expiry {surface}": expiry for surface in SURFACES} if expiry else {}
    assert_found(ended, Row(fails={**unreached, **refused}, warned=ends, level="P1"))


def test_a_certificate_that_ends_soon_is_a_warning(suite: Suite) -> None:
    with running_standin("--tls", "--no-limits", "--fault", "tls-soon=5") as ready:
        suite.write_environment("tls", environment_text(ready))
        ended = suite.run("checks", "--env", "tls")
    words = r"expected 14 days or more until the certificate ends, got [45]\.\d days \(warning\)"
    ends = {f"TLS expiry {surface}": words for surface in SURFACES}
    assert_found(ended, warned(ends, level="P3"))


def test_lost_rate_limit_headers_are_a_warning(limited: dict[str, Any], suite: Suite) -> None:
    suite.write_environment("limited", environment_text(limited))
    with faults_on(limited, "rate-headers-lost"):
        ended = suite.run("checks", "--env", "limited")
    words = r"expected x-ratelimit-limit-short with a number, got no x-ratelimit-limit-short"
    assert_found(ended, warned({TOLD_BY_LIMITS: words}), aside="")


def test_a_wrong_port_is_the_apis_fault_alone(limited: dict[str, Any], suite: Suite) -> None:
    closed = {"api": f"https://127.0.0.2:{closed_port()}"}
    suite.write_environment("elsewhere", environment_text(limited, urls=closed))
    ended = suite.run("checks", "--env", "elsewhere")
    assert_found(ended, api(r"got connection refused from /health"), aside="")


def test_the_webs_address_for_the_apis_shows(limited: dict[str, Any], suite: Suite) -> None:
    """The web passes the API on, so that only what it does not pass on can tell."""
    text = environment_text(limited, urls={"api": limited["web"]})
    suite.write_environment("elsewhere", text)
    ended = suite.run("checks", "--env", "elsewhere")
    words = {"Docs guarded": r"expected 401, got 404 from /docs \(warning\)"}
    assert_found(ended, warned(words), aside="")


@pytest.mark.skipif(not can_be_alone(), reason="no namespace: the name would be asked for outside")
def test_a_wrong_host_name_is_found(suite: Suite) -> None:
    text = environment_text({"api": "http://nowhere.invalid", "web": "http://127.0.0.1:9"})
    suite.write_environment("elsewhere", text)
    ended = suite.run("checks", "--env", "elsewhere", prefix=ALONE)
    found = {
        "API Health": r"got host name not found from /health",
        "Frontend": r"got connection refused from /auth",
        "DNS api": r"expected an address of nowhere\.invalid, got host name not found",
    }
    assert_found(ended, Row(fails=found, level="P1"), aside="")


def test_a_healthy_product_is_green_time_after_time(limited: dict[str, Any], suite: Suite) -> None:
    suite.write_environment("healthy", environment_text(limited))
    runs = [suite.run("checks", "--env", "healthy") for _ in range(2)]
    for ended in runs:
        off = outcomes(ended, "OFF")
        assert ended.code == 0, ended.out
        assert outcomes(ended, "PASS") | off == set(ended.findings), ended.out
        assert ended.record["verdict"]["incident"] is None
        assert not {"API Health", "Frontend"} & off
    first, second = ({t: f["outcome"] for t, f in ended.findings.items()} for ended in runs)
    assert first == second
    assert runs[0].folder != runs[1].folder


def test_vendhub_os_as_it_is_shows_its_warnings_and_nothing_else(suite: Suite) -> None:
    text = (suite.root / "environments" / "local.toml").read_text()
    with running_standin("--profile", "vendhub-os") as ready:
        for target, url in tomllib.loads(text)["urls"].items():
            text = text.replace(f'{target} = "{url}"', f'{target} = "{ready[target] or ""}"')
        (suite.root / "environments" / "vendhub-os.toml").write_text(
            text.replace('name = "local"', 'name = "vendhub-os"', 1)
        )
        ended = suite.run("checks", "--env", "vendhub-os", "--set", "response_time=[]")
    found = {
        "Components": r"telegram is degraded: .* 401 \(warning\)",
        "Docs exposed": r"/docs-json answers 200 without login",
        "Metrics exposed": r"/api/v1/metrics answers 200 without login",
    }
    assert_found(ended, warned(found, level="P3"), aside="")
    assert ended.findings["API build"]["words"].endswith("the version proves nothing)")
