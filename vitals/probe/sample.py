"""What a probe brings back: evidence, whether or not anything answered."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from vitals.probe.spec import Probe


class Kind(StrEnum):
    """How a probe ended. Everything but ANSWERED means that the target gave no usable answer."""

    ANSWERED = "answered"
    DNS = "host name not found"
    REFUSED = "connection refused"
    UNREACHABLE = "host unreachable"
    TLS = "TLS failure"
    RESET = "connection lost"
    TIMEOUT = "time-out"
    PROTOCOL = "protocol error"
    TOO_LARGE = "body too large"
    REDIRECTS = "too many redirects"
    FOREIGN = "foreign destination"
    DEADLINE = "round deadline"
    PROBER = "fault of the prober"


@dataclass(frozen=True, slots=True)
class Phases:
    """Where the time of one request went, in seconds; None for a phase that did not happen.

    `dns`, `connect` and `tls` are absent on a connection that was used before. `first_byte` runs
    from the last byte of the request to the end of the response headers, `body` from there to the
    last byte read.
    """

    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    body: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What every probe reports, whatever it speaks.

    Attributes:
        probe: the declaration that asked for it.
        kind: how it ended; `detail` says it in one sentence when nothing usable came back.
        started_at: when it was sent (UTC, by the prober's clock).
        at: the same moment in seconds since the run began (monotonic).
        duration: seconds from sending to the last byte, or to the failure.
        first: the failed first attempt when this is a second one.
    """

    probe: Probe
    kind: Kind
    started_at: datetime
    at: float
    duration: float
    detail: str = ""
    phases: Phases = field(default_factory=Phases)
    first: Self | None = None

    @property
    def answered(self) -> bool:
        """Whether the target gave an answer that can be judged."""
        return self.kind is Kind.ANSWERED

    @classmethod
    def empty(
        cls,
        *,
        probe: Probe,
        kind: Kind,
        started_at: datetime,
        at: float,
        duration: float,
        detail: str,
    ) -> Self:
        """An observation that saw nothing: its kind and detail say why."""
        return cls(
            probe=probe,
            kind=kind,
            started_at=started_at,
            at=at,
            duration=duration,
            detail=detail,
        )

    def inner(self) -> tuple[Observation, ...]:
        """The observations that this one is made of, without itself and its first attempt."""
        return ()

    def all(self) -> Iterator[Observation]:
        """This observation, what it is made of and the first attempts of each, in no order."""
        yield self
        for part in self.inner():
            yield from part.all()
        if self.first is not None:
            yield from self.first.all()


@dataclass(frozen=True, slots=True)
class Hop:
    """One redirect that was followed: its status and where it led."""

    status: int
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Observation):
    """One HTTP request and what came back. It never raises: see `kind`.

    `url` is where the answer came from (after redirects), `headers` keeps every value of a
    repeated header in order with lower-case names, `body` is at most `[deadlines] body_bytes` long
    (of an asset of a page only the beginning is kept), `size` counts the bytes of all of it that
    were read, decoded. Of a FOREIGN sample `url` is what was not requested, unless it was
    redirected there: then `url`, `status` and `headers` are those of the redirect.
    """

    method: str = ""
    url: str = ""
    status: int | None = None
    http_version: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    size: int = 0
    hops: tuple[Hop, ...] = ()
    reused: bool = False

    def header(self, name: str) -> str | None:
        """The values of a header joined as HTTP joins them (RFC 9110, 5.2), None if absent."""
        values = self.header_values(name)
        return ", ".join(values) if values else None

    def header_values(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for key, value in self.headers if key == name.lower()]

    @property
    def media_type(self) -> str:
        """The content type without its parameters, lower case, empty if absent."""
        return (self.header("content-type") or "").split(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 are shown as replacement characters."""
        return self.body.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """The body as a JSON document.

        Raises:
            ValueError: the body is not JSON, or nested deeper than any answer of a product is.
        """
        try:
            return json.loads(self.body)
        except RecursionError as fault:
            raise ValueError("nested too deeply") from fault


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSample(Observation):
    """A page and the scripts and styles that it names, requested only on hosts of the file."""

    page: Sample
    assets: tuple[Sample, ...] = ()

    @classmethod
    def empty(
        cls,
        *,
        probe: Probe,
        kind: Kind,
        started_at: datetime,
        at: float,
        duration: float,
        detail: str,
    ) -> Self:
        """A page that was never seen."""
        page = Sample.empty(
            probe=probe,
            kind=kind,
            started_at=started_at,
            at=at,
            duration=duration,
            detail=detail,
        )
        return cls(
            probe=probe,
            kind=kind,
            started_at=started_at,
            at=at,
            duration=duration,
            detail=detail,
            page=page,
        )

    def inner(self) -> tuple[Observation, ...]:
        """The page and its assets."""
        return (self.page, *self.assets)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSample(Observation):
    """Several answers of one route: some at the start of the round, the last after all others.

    `duration` spans all of them; `kind` is that of the worst.
    """

    answers: tuple[Sample, ...] = ()

    def inner(self) -> tuple[Observation, ...]:
        """The answers."""
        return self.answers


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSample(Observation):
    """A verified TLS handshake, and what the certificate says even when it fails.

    ANSWERED when a handshake was possible at all; `problem` then says in words what the
    verification refused (None: nothing). Times are UTC.
    """

    host: str = ""
    port: int = 0
    protocol: str = ""
    problem: str | None = None
    verify_code: int | None = None
    names: tuple[str, ...] = ()
    issuer: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None

    @property
    def days_left(self) -> float | None:
        """Days until the certificate ends, counted from the moment of the probe."""
        if self.not_after is None:
            return None
        return (self.not_after - self.started_at).total_seconds() / 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsSample(Observation):
    """The addresses of a host name, in the order of the resolver."""

    host: str = ""
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SocketEvent:
    """Something that happened on a socket: its name, its data, seconds since the probe began."""

    name: str
    data: Any
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketSample(Observation):
    """What a Socket.IO namespace did, in order, until it dropped us or the probe had enough.

    ANSWERED once the namespace said anything: the events are `connect`, `connect_error`,
    `disconnect` (data: the reason) and the product's own.
    """

    url: str = ""
    namespace: str = ""
    transport: str = ""
    events: tuple[SocketEvent, ...] = ()

    def event(self, name: str) -> SocketEvent | None:
        """The first event of this name."""
        return next((event for event in self.events if event.name == name), None)
