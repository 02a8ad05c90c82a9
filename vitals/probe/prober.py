"""What the probes of a run share: connections, the time that is left, places in the queue."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vitals.probe.client import make_ssl_context, make_transport
from vitals.probe.destination import place_of, target_urls
from vitals.probe.lag import LagWatch
from vitals.probe.pace import Pace
from vitals.probe.sample import Kind
from vitals.probe.timeline import seconds

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterator

    from vitals.environment import Environment
    from vitals.probe.client import httpx
    from vitals.probe.clock import Clock
    from vitals.probe.names import Names
    from vitals.probe.sample import Sample


_SHARE_FOR_THE_LAST = 0.2  # of the round, kept for a last answer when other probes hang


@dataclass(frozen=True, slots=True)
class Limit:
    """When a probe is given up, and what that is called.

    Attributes:
        when: the loop's time.
        kind: TIMEOUT by the probe's own deadline, DEADLINE by the round's.
        seconds: the length of that deadline.
    """

    when: float
    kind: Kind
    seconds: float

    def words(self, so_far: str) -> str:
        """The sentence for a probe that was given up."""
        if self.kind is Kind.TIMEOUT:
            return so_far
        return f"{so_far}, then the round's {seconds(self.seconds)} were over"


class Prober:
    """The connections of one run and the rules for their use; lives in the probes' event loop.

    Attributes:
        environment: where the run looks.
        clock: the run's time.
        names: the host names that were looked up.
        end: the loop's time at which the round ends.
        quiet: set when every probe but the watches has ended.
        watch_until: the loop's time until which watches wait for that.
        user_agent: how requests introduce themselves.
    """

    def __init__(
        self, environment: Environment, clock: Clock, names: Names, *, user_agent: str
    ) -> None:
        self.environment = environment
        self.clock = clock
        self.names = names
        self.user_agent = user_agent
        self.quiet = asyncio.Event()
        self.round_seconds = environment.deadlines.round_ms / 1000
        self.end = asyncio.get_running_loop().time() + self.round_seconds
        self.watch_until = self.end - _SHARE_FOR_THE_LAST * self.round_seconds
        self.ssl_context = make_ssl_context(environment.network.ca_file)
        self._http2 = any(url.startswith("https:") for url in target_urls(environment))
        self._pool = self._make_pool()
        self.lag = LagWatch()
        self._paces: dict[str, Pace] = {}
        self._round_trips: dict[tuple[str, int], float] = {}
        self._slots: dict[tuple[str, int], asyncio.Semaphore] = {}

    @functools.cached_property
    def bare_ssl_context(self) -> ssl.SSLContext:
        """A context for what must not share the HTTP client's protocol offers."""
        return make_ssl_context(self.environment.network.ca_file)

    def extend(self) -> None:
        """Give one more probe its time where gates may take longer than the round."""
        if self.watch_until < self.end:
            return
        probe_seconds = self.environment.deadlines.probe_ms / 1000
        self.end = max(self.end, asyncio.get_running_loop().time() + probe_seconds)

    async def close(self) -> None:
        """Close all connections that are kept open."""
        await self._pool.aclose()

    @contextlib.asynccontextmanager
    async def transport(
        self, *, fresh: bool = False, direct: bool = False
    ) -> AsyncIterator[httpx.AsyncHTTPTransport]:
        """The shared pool of connections, or one that is used once.

        Args:
            fresh: on a connection that no other request has used or will use.
            direct: not by way of the proxy.
        """
        has_proxy = bool(self.environment.network.proxy)
        if not fresh and not (direct and has_proxy):
            yield self._pool
            return
        own = self._make_pool(direct=direct)
        try:
            yield own
        finally:
            await own.aclose()

    @contextlib.asynccontextmanager
    async def slot(
        self, place: tuple[str, int], *, until: float | None = None
    ) -> AsyncIterator[None]:
        """One of the places for requests in flight to a host; waits for a free one.

        Args:
            place: host and port.
            until: the loop's time at which to stop waiting; None for the round's deadline.

        Raises:
            TimeoutError: none became free in time.
        """
        slots = self._slots.get(place)
        if slots is None:
            slots = self._slots[place] = asyncio.Semaphore(self.environment.limits.connections)
        async with asyncio.timeout_at(self.end if until is None else until):
            await slots.acquire()
        try:
            yield
        finally:
            slots.release()

    def slot_of(self, url: str) -> contextlib.AbstractAsyncContextManager[None]:
        """A place for a request to the host of a URL."""
        return self.slot(place_of(url))

    def pace_of(self, url: str) -> Pace:
        """The pace of a route: the API counts its own, by whatever host they are asked."""
        path = urlsplit(url).path
        key = path if path.startswith("/api/v1/") else f"{place_of(url)}{path}"
        if key not in self._paces:
            limits = self.environment.limits
            self._paces[key] = Pace(limits.windows, limits.headroom)
        return self._paces[key]

    @contextlib.contextmanager
    def paced(self, url: str) -> Iterator[list[Sample]]:
        """Count a request of the round in the pace of its route; its answer is put in the list."""
        loop = asyncio.get_running_loop()
        pace = self.pace_of(url)
        pace.note_unplanned(loop.time())
        answers: list[Sample] = []
        try:
            yield answers
        finally:
            pace.answer(loop.time(), answers[-1] if answers else None)

    def note_round_trip(self, url: str, connect: float | None) -> None:
        """Remember the shortest time that connecting to a host took."""
        if connect is not None:
            place = place_of(url)
            self._round_trips[place] = min(connect, self._round_trips.get(place, connect))

    def round_trip(self, url: str) -> float:
        """The shortest time that connecting to the host of a URL took, in seconds."""
        return self._round_trips.get(place_of(url), 0.0)

    def limit_at(self, when: float, length: float) -> Limit:
        """A probe's own deadline at a moment of the loop."""
        return Limit(when, Kind.TIMEOUT, length)

    def limit(self) -> Limit:
        """When a probe that is sent now is given up."""
        own = self.environment.deadlines.probe_ms / 1000
        when = asyncio.get_running_loop().time() + own
        if when < self.end:
            return Limit(when, Kind.TIMEOUT, own)
        return Limit(self.end, Kind.DEADLINE, self.round_seconds)

    def _make_pool(self, *, direct: bool = False) -> httpx.AsyncHTTPTransport:
        proxy = None if direct else self.environment.network.proxy
        return make_transport(self.ssl_context, http2=self._http2, proxy=proxy)
