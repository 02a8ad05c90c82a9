"""What a check may ask for: small declarations, equal when they ask the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from vitals.environment import Environment

EACH = "*"
"""Stands for "the target of this instance" in a check that is made once for each target."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Something to look at on one target of the environment (`api`, `web`, `client`, ...)."""

    target: str

    @property
    def label(self) -> str:
        """How lines and records name this probe."""
        raise NotImplementedError

    def off_because(self, environment: Environment) -> str | None:
        """The key of the environment file that would turn this probe on, None when it is on."""
        return None if environment.target_url(self.target) else f"urls.{self.target}"

    def aimed_at(self, target: str) -> Self:
        """The same probe with the placeholder `EACH` replaced by a target."""
        return replace(self, target=target) if self.target == EACH else self


@dataclass(frozen=True, slots=True)
class Request(Probe):
    """One HTTP request.

    Args:
        target: a key of `[urls]`.
        path: absolute path with its query, below the target's URL.
        headers: added to the request.
        follow: go after redirects, within the rules for destinations; else the redirect itself
            is the answer.
        bare: leave out the `[headers]` of the environment, to ask as a stranger would.
        fresh: on a connection of its own, so that another instance may answer.
    """

    path: str
    headers: tuple[tuple[str, str], ...] = ()
    follow: bool = True
    bare: bool = False
    fresh: bool = False
    method: ClassVar[str] = "GET"

    @property
    def label(self) -> str:
        """Method, target and path."""
        return f"{self.method} {self.target} {self.path}"

    def sent_headers(self, environment: Environment) -> tuple[tuple[str, str], ...]:
        """The headers that this request adds, once it is known where it goes."""
        del environment
        return self.headers


class Get(Request):
    """A GET request. It is sent once more, 0.5 s later, when nothing or a 5xx comes back."""

    __slots__ = ()


class Head(Request):
    """A HEAD request, repeated like GET."""

    __slots__ = ()
    method: ClassVar[str] = "HEAD"


@dataclass(frozen=True, slots=True)
class Preflight(Request):
    """The question that a browser asks before a page of one origin reads from another.

    Args:
        origin: the asking origin, or a key of `[urls]` whose origin asks.
    """

    origin: str = "web"
    method: ClassVar[str] = "OPTIONS"

    @property
    def label(self) -> str:
        """Method, target, path and who asks."""
        return f"{self.method} {self.target} {self.path} from {self.origin}"

    def off_because(self, environment: Environment) -> str | None:
        """On where both the target and the asking surface are configured."""
        if "://" not in self.origin and not environment.target_url(self.origin):
            return f"urls.{self.origin}"
        return super(Preflight, self).off_because(environment)

    def sent_headers(self, environment: Environment) -> tuple[tuple[str, str], ...]:
        """The headers of a CORS preflight for a GET (Fetch standard, CORS-preflight fetch)."""
        asking = self.origin if "://" in self.origin else environment.origin(self.origin)
        return (*self.headers, ("origin", asking or ""), ("access-control-request-method", "GET"))


@dataclass(frozen=True, slots=True)
class Page(Probe):
    """A page, then all scripts and style sheets that it names."""

    path: str

    @property
    def label(self) -> str:
        """Target and path."""
        return f"page {self.target} {self.path}"


@dataclass(frozen=True, slots=True)
class Watch(Probe):
    """The same GET several times on connections of their own, and once more at the very end."""

    path: str
    times: int = 3

    @property
    def label(self) -> str:
        """Target, path and how often."""
        return f"watch {self.target} {self.path}"


@dataclass(frozen=True, slots=True)
class Gate(Probe):
    """The series of requests that a `[[response_time]]` gate is decided by.

    Its target is the name of the gate.
    """

    @property
    def label(self) -> str:
        """The gate's name."""
        return f"gate {self.target}"

    def off_because(self, environment: Environment) -> str | None:
        """On where the file has the gate, its surfaces, and a way in for its person."""
        rule = next((one for one in environment.response_time if one.name == self.target), None)
        if rule is None:
            return "[[response_time]]"
        missing = [route for route in rule.routes if not environment.target_url(route.target)]
        if missing:
            return f"urls.{missing[0].target}"
        return no_login(environment, rule.identity) if rule.identity else None


@dataclass(frozen=True, slots=True)
class Tls(Probe):
    """The TLS handshake of a target's host."""

    @property
    def label(self) -> str:
        """Target."""
        return f"TLS {self.target}"

    def off_because(self, environment: Environment) -> str | None:
        """On only where the target's URL is https."""
        url = environment.target_url(self.target)
        return None if url and url.startswith("https:") else f"urls.{self.target} with https"


@dataclass(frozen=True, slots=True)
class Dns(Probe):
    """The addresses of a target's host."""

    @property
    def label(self) -> str:
        """Target."""
        return f"DNS {self.target}"


@dataclass(frozen=True, slots=True)
class Socket(Probe):
    """A Socket.IO connection to a namespace, with a token that is deliberately worthless."""

    namespace: str
    token: str

    @property
    def label(self) -> str:
        """Target and namespace."""
        return f"socket {self.target} {self.namespace}"


def no_login(environment: Environment, name: str) -> str | None:
    """What would let a person log in at the API, None when they can."""
    who = environment.identities.get(name)  # type: ignore[call-overload]  # whoever is not there is None
    if who is None or not (who.can_log_in or who.unset):
        return f"identities.{name}"
    if not who.can_log_in:
        return " or ".join(f"${variable}" for variable in who.unset)
    host = urlsplit(environment.target_url("api") or "").hostname or ""
    return None if environment.secrets_allowed_for(host) else "the file's own urls.api"
