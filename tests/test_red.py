"""Every fault is found by the checks that are there for it, in their words, and by no other."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from probing import closed_port
from standin_process import running_standin
from suite_run import ALONE, Suite, can_be_alone, environment_text, faults_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
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


@dataclass(frozen=True, kw_only=True)
class Row:
    """What a fault does to a run.

    Attributes:
        faults: of the stand-in; none for a row that goes wrong in another way.
        fails: the critical checks that FAIL, with a pattern of what their lines say.
        warned: the same for checks that are not critical.
        undecided: the same for checks that are INCONCLUSIVE.
        level: incident level of the run.
        code: exit code.
        options: added to the command line.
        more: further tables of the environment file.
    """

    faults: tuple[str, ...] = ()
    fails: Mapping[str, str] = field(default_factory=dict)
    warned: Mapping[str, str] = field(default_factory=dict)
    undecided: Mapping[str, str] = field(default_factory=dict)
    level: str
    code: int = 1
    options: tuple[str, ...] = ()


def api(words: str, *faults: str) -> Row:
    """A fault that takes the API away as a whole."""
    return Row(faults=faults, fails={"API Health": words}, level="P1")


def frontend(words: str, *faults: str, warned: Mapping[str, str] | None = None) -> Row:
    """A fault that takes the admin web away."""
    return Row(faults=faults, fails={"Frontend": words}, warned=warned or {}, level="P1")


def one(title: str, words: str, *faults: str, level: str = "P2") -> Row:
    """A fault that one critical check finds."""
    return Row(faults=faults, fails={title: words}, level=level)


def warned(words: Mapping[str, str], *faults: str, level: str = "P4") -> Row:
    """A fault that is shown, and nothing more."""
    return Row(faults=faults, warned=words, level=level, code=0)


TOO_LARGE = r"got body too large from /health: more than 2000000 bytes"
NOT_OURS = r"expected VendHub's \{success, data, timestamp\}, got"

ROWS = (
    api(r"FAILED \(expected 200, got 503 from /health/ready\)", "database-gone"),
    api(r"expected component redis, got .*/health/ready does not list it", "component-missing"),
    warned(
        {"Components": r"storage is degraded: .+ \(warning\)"}, "component-degraded", level="P3"
    ),
    Row(
        faults=("version-absent",),
        undecided={"API build": r"UNDECIDED \(expected version 2\.4\.0, got no version"},
        level="P3",
        code=6,
        options=("--expect-version", "2.4.0"),
    ),
    one(
        "API build",
        r"FAILED \(expected one version everywhere, got 2\.3\.9, 2\.4\.0, 2 instance\(s\)\)",
        "old-instance",
        level="P3",
    ),
    warned({"API clock": r"got one that is 1(19|20|21) s behind"}, "clock-off", level="P3"),
    one("Anonymous access", r"expected 401, got 200 from /auth/me", "auth-disabled"),
    warned(
        {
            "Docs guarded": r"expected 401, got 200 from /docs \(warning\)",
            "Docs exposed": r"/docs-json answers 200 without login \(warning\)",
        },
        "docs-exposed",
    ),
    warned(
        {"Metrics exposed": r"/api/v1/metrics answers 200 without login \(warning\)"},
        "metrics-exposed",
    ),
    one("CORS", r"got no access-control-allow-origin from /auth/me", "cors-lost"),
    one("CORS for strangers", r"got access-control-allow-origin: https://vendhub\.e", "cors-open"),
    warned({"API security headers": r"got no x-content-type-options"}, "headers-lost"),
    api(rf"{NOT_OURS} no success in the answer of /health", "envelope-lost"),
    warned(
        {"Error shape": r"expected application/json, got text/html from /no-such-route"},
        "error-shape-lost",
    ),
    Row(
        faults=("throttle-storm",),
        undecided={"API Health": r"UNDECIDED \(expected 200, got 429 from /health: throttled"},
        level="P1",
        code=6,
    ),
    one("Sockets", r"expected 200, got 404 from /socket\.io/", "sockets-gone"),
    one("Socket authentication", r"expected a bad token to be turned away, got", "sockets-open"),
    one(
        "Sockets", r"expected a websocket, got time-out: connected in .+ silence", "sockets-silent"
    ),
    one(
        "Sockets",
        r"expected namespace /notifications to connect, got .*Invalid namespace",
        "sockets-no-namespace",
    ),
    one(
        "Sockets", r"""expected a page with '"upgrades":\["websocket"\]'""", "sockets-polling-only"
    ),
    api(r"FAILED \(expected 200, got connection refused from /health\)", "api-down"),
    frontend(r"FAILED \(expected 200, got connection refused from /auth\)", "web-down"),
    Row(
        faults=("api-down", "web-down"),
        fails={"API Health": "refused from /health", "Frontend": "refused from /auth"},
        level="P1",
    ),
    Row(
        faults=("database-gone", "docs-exposed"),  # what is open stays open without a database
        fails={"API Health": r"got 503 from /health/ready"},
        warned={"Docs guarded": r"got 200 from /docs", "Docs exposed": r"without login"},
        level="P1",
    ),
    api(r"got time-out from /health: connected .*, then no answer for 1\.5 s", "api-hangs"),
    api(r"got time-out from /health: answered after .* bytes of the body in 1\.5 s", "api-drips"),
    api(r"got connection lost from /health: the connection was (reset|closed)", "api-resets"),
    api(r"got connection lost from /health: the connection was closed", "api-truncates"),
    api(TOO_LARGE, "api-endless-body"),
    api(r"got protocol error from /health: no valid HTTP: its head does n", "api-endless-headers"),
    api(TOO_LARGE, "api-gzip-bomb"),
    api(r"got too many redirects from .*/health: more than 3 redirects", "api-redirect-loop"),
    api(r"got foreign destination from /health: 302 leads to http://127\.0", "api-redirects-away"),
    api(rf"{NOT_OURS} text/html that is not JSON from /health", "api-html"),
    api(rf"{NOT_OURS} application/json that is not JSON from /health", "api-bad-json"),
    api(r"expected 200, got 502 from /health", "api-bad-gateway"),
    frontend(r"got time-out from /auth: connected .*, then no answer for 1\.5 s", "web-hangs"),
    frontend(
        r"expected a page with 'VendHub Admin', got a page without it from /auth",
        "web-wrong-page",
        warned={"Web build": r"the pages do not tell which build they are \(info\)"},
    ),
    frontend(r"expected 200, got 404 from /_next/static/.*\.js", "web-script-missing"),
    frontend(r"expected text/css, got text/html from /_next/.*\.css", "web-style-wrong-type"),
    frontend(r"expected text/javascript .*, got text/html from /_next", "web-script-is-page"),
    frontend(r"expected 200, got 502 from /health", "web-wrong-api"),
    one("Web's API", r"environment = 'production', got .*'staging' from /health", "web-other-api"),
    one("Dashboard guard", r"expected 302 or .*, got 200 from /dashboard", "dashboard-open"),
    one(
        "Dashboard guard",
        r"expected a redirect to /auth of the same origin, got 307 to http://127\.0\.0\.9:9/",
        "dashboard-away",
    ),
)

REFUSED = r"got TLS failure from /(health|auth): the certificate is refused: "
SURFACES = ("api", "web", "socket")
TLS_ROWS = {
    "tls-expired": (
        r".*has expired", r"trust, got expired 1 day ago on \d{4}-\d\d-\d\d", r"got -1\.0 days"
    ),
    "tls-wrong-host": (
        r".*not valid for", r"got for another host: elsewhere\.vendhub\.invalid", ""
    ),
    "tls-self-signed": (r"self-signed", r"browsers trust, got self-signed\)", ""),
    "tls-missing-intermediate": (
        r"unable to get local issuer", r"got unknown issuer or missing intermediate", ""
    ),
}  # fmt: skip
"""By fault: what a request says, what the certificate's check says, what its expiry's says."""


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
    unreached = {"API Health": REFUSED + request, "Frontend": REFUSED + request}
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
