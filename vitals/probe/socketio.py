"""What a Socket.IO namespace says to somebody with a worthless token."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vitals.probe.fault import printable
from vitals.probe.http import Ask, fetch
from vitals.probe.imports import hidden
from vitals.probe.sample import Kind, SocketEvent, SocketSample
from vitals.probe.timeline import seconds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp
    import socketio  # type: ignore[import-untyped]  # it has no annotations

    from vitals.probe.prober import Prober
    from vitals.probe.spec import Socket

_EVENTS_AT_MOST = 50
_MESSAGE_BYTES_AT_MOST = 65_536
_POLLING = "/socket.io/?EIO=4&transport=polling"
_TRANSPORT = "websocket"
_LIBRARIES = ("aiohttp", "socketio")
_NOT_USED = ("requests", "websocket")
"""What the library loads for its other client, where it is installed: it costs 40 ms, and its
warnings would be errors of whatever test runs at that moment."""


class _RedirectedError(Exception):
    """The handshake was answered with a redirect, which a socket does not follow."""


@dataclass(slots=True)
class _Visit:
    """What has happened on the namespace; `over` is set by whatever ends the visit."""

    began: float = field(default_factory=time.monotonic)
    events: list[SocketEvent] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, name: str, *data: Any) -> None:
        if self.over.is_set() or len(self.events) >= _EVENTS_AT_MOST:
            return
        value = data[0] if len(data) == 1 else list(data) or None
        self.events.append(SocketEvent(name, value, time.monotonic() - self.began))
        if name != "connect":
            self.over.set()

    def so_far(self) -> str:
        last = self.events[-1].at if self.events else 0.0
        silence = seconds(time.monotonic() - self.began - last)
        if self.events:
            return f"connected in {seconds(last)}, then silence for {silence}"
        return f"the namespace was not connected for {silence}"


async def send(prober: Prober, spec: Socket) -> SocketSample:
    """Connect to a namespace and wait for its first word, or for being dropped; emits nothing."""
    base = (prober.environment.target_url(spec.target) or "").rstrip("/")
    await _load_libraries()
    at = prober.clock.now()
    visit = _Visit()
    limit = prober.limit()
    kind, detail = Kind.ANSWERED, ""
    try:
        async with prober.slot_of(base):
            at = prober.clock.now()
            visit.began = time.monotonic()
            limit = prober.limit()
            async with asyncio.timeout_at(limit.when):
                await _visit(prober, spec, base, visit)
    except TimeoutError:
        kind, detail = limit.kind, limit.words(visit.so_far())
    except _RedirectedError as fault:
        kind, detail = Kind.FOREIGN, str(fault)
    except Exception as fault:  # noqa: BLE001 - whatever the library raises is a kind of sample
        kind, detail = await _explained(prober, spec, base, fault)
    return SocketSample(
        probe=spec,
        kind=kind,
        started_at=prober.clock.utc(at),
        at=at,
        duration=prober.clock.now() - at,
        detail=detail,
        url=f"{base}/socket.io/",
        namespace=spec.namespace,
        transport=_TRANSPORT,
        events=tuple(visit.events),
    )


async def _visit(prober: Prober, spec: Socket, base: str, visit: _Visit) -> None:
    async with _session(prober, base) as session, _client(session) as client:
        for name in ("connect", "disconnect", "connect_error"):
            client.on(name, _noting(visit, name), namespace=spec.namespace)
        client.on("*", visit.note, namespace=spec.namespace)
        try:
            await client.connect(
                base,
                auth={"token": spec.token},
                headers={"user-agent": prober.user_agent},
                transports=[_TRANSPORT],
                namespaces=[spec.namespace],
                wait=False,
            )
            await visit.over.wait()
        finally:
            visit.over.set()  # what our own leaving causes is no event of the namespace


def _noting(visit: _Visit, name: str) -> Any:
    def handler(*data: Any) -> None:
        visit.note(name, *data)

    return handler


@contextlib.asynccontextmanager
async def _session(prober: Prober, base: str) -> AsyncIterator[aiohttp.ClientSession]:
    import aiohttp  # noqa: PLC0415 - loaded by _load_libraries

    async def refuse(_session: Any, _context: Any, params: Any) -> None:
        status, place = params.response.status, params.response.headers.get("location", "")
        raise _RedirectedError(f"{status} leads to {printable(place)}: a socket does not follow")

    tracing = aiohttp.TraceConfig()
    tracing.on_request_redirect.append(refuse)
    is_https = base.startswith("https:")
    # A context of its own: the HTTP client offers HTTP/2 on the shared one, which websockets
    # of this library do not speak.
    context = prober.bare_ssl_context if is_https else True
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context),
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[tracing],
        proxy=prober.environment.network.proxy or None,
    ) as session:
        yield session


@contextlib.asynccontextmanager
async def _client(session: aiohttp.ClientSession) -> AsyncIterator[socketio.AsyncClient]:
    import socketio  # noqa: PLC0415 - loaded by _load_libraries

    client = socketio.AsyncClient(
        reconnection=False,
        handle_sigint=False,
        http_session=session,
        websocket_extra_options={"max_msg_size": _MESSAGE_BYTES_AT_MOST},
    )
    try:
        yield client
    finally:
        await client.disconnect()


async def _explained(prober: Prober, spec: Socket, base: str, fault: Exception) -> tuple[Kind, str]:
    """Why there is no socket: the library says the same of a dead port and of a plain server."""
    ask = Ask(probe=spec, url=base + _POLLING, bare=True, repeat=False)
    polled = await fetch(prober, ask)
    if polled.kind is not Kind.ANSWERED:
        return polled.kind, polled.detail
    if polled.status == 200 and polled.body.startswith(b"0{"):  # noqa: PLR2004 - OK; "0" opens
        return Kind.PROTOCOL, f"Socket.IO answers, but not by websocket: {printable(str(fault))}"
    return Kind.PROTOCOL, f"no Socket.IO there: {_POLLING} answers {polled.status}"


async def _load_libraries() -> None:
    """Import the library on a thread, so that the probes in flight hide the most of its cost."""
    if all(name in sys.modules for name in _LIBRARIES):
        return
    loop = asyncio.get_running_loop()
    loaded: asyncio.Future[None] = loop.create_future()

    def settle(fault: Exception | None) -> None:
        if not loaded.done():
            loaded.set_exception(fault) if fault else loaded.set_result(None)

    def work() -> None:
        fault = None
        try:
            with hidden(*_NOT_USED):
                for name in _LIBRARIES:
                    importlib.import_module(name)
        except Exception as raised:  # noqa: BLE001 - handed to the probe that waits
            fault = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed: the run is over
            loop.call_soon_threadsafe(settle, fault)

    threading.Thread(target=work, daemon=True, name="import socketio").start()
    await loaded
