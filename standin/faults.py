"""The catalogue of named faults, and the set of those that are switched on."""

import difflib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from standin.latency import FORMS, delay_of, route_delay_of


class FaultError(ValueError):
    """A fault was named, valued or switched in a way the catalogue does not allow."""


@dataclass(frozen=True)
class Fault:
    """One way to be broken: its name, its group, what an outsider sees, and its default value.

    `default` is empty for a fault that takes no value; a number there means that only numbers
    are accepted. `choices`, when given, lists all accepted values; `read` raises ValueError for a
    value that has not one of the `forms`. The value of one that `ends` is for how many seconds it
    is on, 0 for as long as nobody switches it off.
    """

    name: str
    group: str
    sentence: str
    default: str = ""
    choices: tuple[str, ...] = ()
    read: Callable[[str], object] | None = None
    forms: str = ""
    ends: bool = False

    @property
    def is_only_at_start(self) -> bool:
        """Whether a running stand-in refuses to switch it (certificates are made at start)."""
        return self.group == "tls"

    def checked(self, value: str) -> str:
        """Return the value to act on (the default for an empty one); raises FaultError."""
        if not value:
            return self.default
        if not self.default:
            raise FaultError(f"fault {self.name} takes no value, got {value!r}")
        if self.choices and value not in self.choices:
            raise FaultError(f"fault {self.name} takes {', '.join(self.choices)}, got {value!r}")
        if self.read is not None and not _is_readable(self.read, value):
            raise FaultError(f"fault {self.name} takes {self.forms}, got {value!r}")
        if _is_number(self.default) and not _is_number(value):
            raise FaultError(f"fault {self.name} takes a number not below 0, got {value!r}")
        return value


def _is_number(text: str) -> bool:
    try:
        number = float(text)
    except ValueError:
        return False
    return 0 <= number < float("inf")


def _is_readable(read: Callable[[str], object], value: str) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True


_COMPONENTS = ("database", "redis", "storage", "telegram", "disk")

_FAULTS = (
    Fault("database-gone", "health", "the API has lost its database: readiness 503, login 500"),
    Fault("restarting", "health", "the API restarts all the time: its uptime stays below 2 s"),
    Fault(
        "component-degraded",
        "health",
        "a component (=storage) says degraded behind status up",
        "storage",
        _COMPONENTS,
    ),
    Fault(
        "component-missing",
        "health",
        "a component (=redis) is not configured, so its key is absent",
        "redis",
        _COMPONENTS,
    ),
    Fault("version-absent", "health", "the version answer has no version"),
    Fault("old-instance", "health", "every second version answer comes from an older instance"),
    Fault("clock-off", "health", "the server's clock is 120 s behind"),
    Fault("auth-disabled", "security", "an anonymous caller is let in as a user"),
    Fault("docs-exposed", "security", "the API documentation is open to everybody"),
    Fault("metrics-exposed", "security", "the metrics are open to everybody"),
    Fault("cors-lost", "security", "the web's origin gets no Access-Control-Allow-Origin"),
    Fault("cors-open", "security", "any origin is allowed, with credentials"),
    Fault("headers-lost", "security", "the API's security headers are missing"),
    Fault("rate-headers-lost", "api", "answers carry no X-RateLimit headers"),
    Fault("envelope-lost", "api", "bodies come without their success/data/timestamp envelope"),
    Fault("error-shape-lost", "api", "errors are the framework's own HTML pages"),
    Fault("throttle-storm", "api", "every API answer is 429"),
    Fault("api-slow", "api", "every API answer comes late (=3.0 seconds)", "3.0"),
    Fault(
        "api-latency",
        "latency",
        "each API answer is delayed by a draw of its own (=lognormal:100:0.5)",
        "lognormal:100:0.5",
        read=delay_of,
        forms=FORMS,
    ),
    Fault(
        "route-latency",
        "latency",
        "the answers of one route are delayed (=/api/v1/health/ready:constant:1500)",
        "/api/v1/health/ready:constant:1500",
        read=route_delay_of,
        forms=f"PATH: and {FORMS}",
    ),
    Fault("api-freeze", "latency", "the API answers nothing for =2 s, then all", "2", ends=True),
    Fault("api-edge-503", "latency", "an edge answers 503 with a page for =0 s", "0", ends=True),
    Fault("api-throttles", "latency", "every API answer is 429 for =0 s", "0", ends=True),
    Fault("sockets-gone", "sockets", "there is no socket server: 404"),
    Fault("sockets-open", "sockets", "a bad token is let in"),
    Fault("sockets-silent", "sockets", "connects, then says nothing at all"),
    Fault("sockets-no-namespace", "sockets", "every namespace is refused as invalid"),
    Fault("sockets-polling-only", "sockets", "the upgrade to a websocket is refused"),
    Fault("event-never", "sockets", "no event is ever sent"),
    Fault("events-by-polling", "sockets", "a websocket is promised and refused, pages ask again"),
    Fault("event-wrong-person", "sockets", "events go to another organization's people"),
    Fault("init-data-refused", "tasks", "the API refuses everybody's Telegram init data: 401"),
    Fault("task-not-listed", "tasks", "a new task is saved, and no list shows it"),
    Fault("upload-lost", "tasks", "an upload is answered 201, and nothing is kept"),
    Fault("photo-bytes-changed", "tasks", "a photo is kept with other bytes than were sent"),
    Fault("completion-lost", "tasks", "a completion is accepted, and not kept"),
    Fault("api-down", "network", "the API's port refuses connections"),
    Fault("api-hangs", "network", "the API accepts connections and never answers"),
    Fault("api-drips", "network", "the API sends a byte of body a second"),
    Fault("api-resets", "network", "the API resets the connection in mid-body"),
    Fault("api-truncates", "network", "the API closes before the announced length is sent"),
    Fault("api-endless-body", "network", "the API sends =10e9 bytes of body", "10e9"),
    Fault("api-endless-headers", "network", "the API never stops sending headers"),
    Fault("api-gzip-bomb", "network", "a small gzip body unpacks to a gigabyte"),
    Fault("api-redirect-loop", "edge", "every API answer redirects to itself"),
    Fault("api-redirects-away", "edge", "every API answer redirects to another host"),
    Fault("api-html", "edge", "every API answer is a 200 HTML page"),
    Fault("api-bad-json", "edge", "every API answer is a 200 with truncated JSON"),
    Fault("api-bad-gateway", "edge", "an edge answers 502 with an HTML page for the API"),
    Fault("web-down", "web", "the web's port refuses connections"),
    Fault("web-hangs", "web", "the web accepts connections and never answers"),
    Fault("web-wrong-page", "web", "the login URL answers 200 with some other page"),
    Fault("web-script-missing", "web", "a script of the pages is 404"),
    Fault("web-style-wrong-type", "web", "the stylesheet is served as text/html"),
    Fault("web-script-is-page", "web", "a script's URL answers 200 with the app shell"),
    Fault("web-wrong-api", "web", "the web cannot reach its API: 502 through its proxy"),
    Fault(
        "web-other-api",
        "web",
        "the web was built for another API (=staging is its environment)",
        "staging",
    ),
    Fault("web-old-build", "web", "the web still serves its previous build"),
    Fault("dashboard-open", "web", "the dashboard answers 200 without a session"),
    Fault("dashboard-away", "web", "the dashboard redirects to another host"),
    Fault("telegram-script-missing", "browser", "the Mini App loads no script of Telegram's"),
    Fault("demo-figures", "browser", "the dashboard shows demo figures, whatever is answered"),
    Fault("dead-button", "browser", "the button of the form for a new task does nothing"),
    Fault("page-needs-reload", "browser", "an event arrives, and the page ignores it"),
    Fault("tasks-script-missing", "browser", "a script of the tasks page is 404"),
    Fault("tab-crash", "browser", "the tasks page crashes its tab"),
    Fault("tls-expired", "tls", "the certificate expired yesterday"),
    Fault("tls-soon", "tls", "the certificate expires in =5 days", "5"),
    Fault("tls-wrong-host", "tls", "the certificate is for another host"),
    Fault("tls-self-signed", "tls", "the certificate is signed by itself"),
    Fault("tls-missing-intermediate", "tls", "the intermediate certificate is not sent"),
    Fault("tls-old", "tls", "only TLS 1.1 is spoken"),
)

CATALOGUE: dict[str, Fault] = {fault.name: fault for fault in _FAULTS}


def fault_named(name: str) -> Fault:
    """Return the catalogue's fault; raises FaultError naming the nearest ones."""
    fault = CATALOGUE.get(name)
    if fault is None:
        nearest = difflib.get_close_matches(name, CATALOGUE, n=3)
        hint = f"; nearest: {', '.join(nearest)}" if nearest else "; see --list-faults"
        raise FaultError(f"unknown fault {name!r}{hint}")
    return fault


class Faults:
    """The faults that are switched on now; made of arguments such as `api-slow=1.5`.

    Lives in one event loop and is read at every request, so that a switch acts at once. `clock`
    tells seconds that only go forward.
    """

    def __init__(
        self, arguments: Iterable[str] = (), *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._active: dict[str, str] = {}
        self._since: dict[str, float] = {}
        self._clock = clock
        for argument in arguments:
            name, _, value = argument.partition("=")
            self.turn_on(name, value)

    @property
    def active(self) -> dict[str, str]:
        """The names that are on, with their values (empty for a fault that takes none)."""
        return {name: value for name, value in self._active.items() if self.left(name) > 0}

    def on(self, name: str) -> bool:
        """Whether the fault is on; raises FaultError for a name outside the catalogue."""
        return fault_named(name).name in self._active and self.left(name) > 0

    def left(self, name: str) -> float:
        """Seconds for which a fault that was switched on stays so by itself."""
        seconds = float(self._active[name]) if CATALOGUE[name].ends else 0.0
        return self._since[name] + seconds - self._clock() if seconds else float("inf")

    def value(self, name: str, default: str = "") -> str:
        """Return the value of a fault that is on, else `default`, else the catalogue's."""
        fault = fault_named(name)
        return self._active.get(name) or default or fault.default

    def turn_on(self, name: str, value: str = "") -> None:
        """Switch a fault on; raises FaultError for an unknown name or a wrong value."""
        self._active[name] = fault_named(name).checked(value)
        self._since[name] = self._clock()

    def turn_off(self, name: str) -> None:
        """Switch a fault off (nothing happens if it is not on); raises FaultError."""
        self._active.pop(fault_named(name).name, None)
