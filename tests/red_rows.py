"""What each fault does to a run: one row a fault."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


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

REFUSED = r"got TLS failure from /(health|auth|): the certificate is refused: "
SURFACES = ("api", "web", "client", "socket")
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
