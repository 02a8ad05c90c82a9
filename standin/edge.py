"""What goes wrong between a socket and the application behind it: the network and edge faults."""

import asyncio
import http
import json
import socket
import struct
import time
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from standin.delays import Delays
from standin.faults import Faults

ELSEWHERE = "http://127.0.0.9:9/"
TRANSPORT = "standin.transport"
GZIP_BOMB_BYTES = 1 << 30

_CLOCK_OFF_S = 120.0
_DRIP_S = 1.0
_MISSING_BYTES = 512
_PENDING_BYTES = 1 << 16
_HTML = "text/html; charset=utf-8"
_JSON = "application/json; charset=utf-8"
_PAGE = b"<!doctype html><html lang=en><title>Parked</title><h1>This domain is parked</h1></html>"
_BAD_GATEWAY = (
    b"<html><head><title>502 Bad Gateway</title></head>"
    b"<body><center><h1>502 Bad Gateway</h1></center></body></html>"
)
_UNAVAILABLE = _BAD_GATEWAY.replace(b"502 Bad Gateway", b"503 Service Temporarily Unavailable")
_CUT_JSON = b'{"success":true,"data":{"status":"ok","info":{"database":{"status":"u'


class EdgeProtocol(H11Protocol):
    """uvicorn's HTTP protocol, whose scope also carries the transport under `TRANSPORT`.

    A reset or a lie about the length cannot be said in ASGI; it is written past uvicorn.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._inner: Any = self.app
        self.app = self._with_transport

    async def _with_transport(self, scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("extensions", {})[TRANSPORT] = self.transport
        await self._inner(scope, receive, send)


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes
    content_type: str = _HTML
    location: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        headers = [("content-type", self.content_type), ("content-length", str(len(self.body)))]
        if self.location:
            headers.append(("location", self.location))
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        await send({"type": "http.response.body", "body": self.body})


def edge_of_web(app: ASGIApp, faults: Faults) -> ASGIApp:
    """Put the web's edge before the app: the Date header, and `web-hangs`."""
    dated = _dated(app, 0.0)

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and faults.on("web-hangs"):
            await _until_gone(receive)
            return
        await dated(scope, receive, send)

    return edge


def edge_of_client(app: ASGIApp) -> ASGIApp:
    """Put the Mini App's edge before the app: the Date header."""
    return _dated(app, 0.0)


def edge_of_api(app: ASGIApp, faults: Faults) -> ASGIApp:
    """Put the API's edge before the app: the Date header, and every network and edge fault.

    Faults of the bytes (drips, resets, truncates) act on whatever answers, be it the app or an
    edge fault, so that they compose. A websocket's handshake is refused with 403 where a
    request would get another answer.
    """
    delays = Delays(faults)

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
            return
        send = delays.delayed(scope, send)
        await delays.freeze()
        if faults.on("api-hangs"):
            await _until_gone(receive)
            return
        answering = next((name for name in _EDGE_ANSWERS if faults.on(name)), None)
        of_bytes = next((name for name in _BYTE_FAULTS if faults.on(name)), None)
        if scope["type"] == "websocket" and (answering or of_bytes):
            await send({"type": "websocket.close"})
            return
        behind_s = _CLOCK_OFF_S if faults.on("clock-off") else 0.0
        inner = _dated(_EDGE_ANSWERS[answering] if answering else app, behind_s)
        if of_bytes:
            await _BYTE_FAULTS[of_bytes](_Exchange(inner, scope, receive, send), faults)
        else:
            await inner(scope, receive, send)

    return edge


@dataclass
class _Exchange:
    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send

    @property
    def transport(self) -> asyncio.Transport:
        transport: asyncio.Transport = self.scope["extensions"][TRANSPORT]
        return transport

    async def answer(self) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Let the app answer and hold the answer back: status, headers, body."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self.app(self.scope, self.receive, keep)
        start = messages[0]
        body = b"".join(message.get("body", b"") for message in messages[1:])
        return start["status"], list(start["headers"]), body


async def _drips(exchange: _Exchange, faults: Faults) -> None:
    del faults

    async def drip(message: Message) -> None:
        body: bytes = message.get("body", b"")
        for index in range(len(body)):
            if exchange.transport.is_closing():
                return
            await exchange.send({**message, "body": body[index : index + 1], "more_body": True})
            await asyncio.sleep(_DRIP_S)
        await exchange.send({**message, "body": b""} if body else message)

    await exchange.app(exchange.scope, exchange.receive, drip)


async def _resets(exchange: _Exchange, faults: Faults) -> None:
    del faults
    status, headers, body = await exchange.answer()
    transport = exchange.transport
    transport.write(_head(status, headers, max(len(body), 2)) + body[: max(len(body) // 2, 1)])
    await asyncio.sleep(0.05)  # the first half arrives before the reset overtakes it
    connection: socket.socket = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _until_gone(exchange.receive)


async def _truncates(exchange: _Exchange, faults: Faults) -> None:
    del faults
    status, headers, body = await exchange.answer()
    exchange.transport.write(_head(status, headers, len(body) + _MISSING_BYTES) + body)
    exchange.transport.close()
    await _until_gone(exchange.receive)


async def _endless_headers(exchange: _Exchange, faults: Faults) -> None:
    del faults
    transport = exchange.transport
    transport.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
    line = 0
    while not transport.is_closing():
        if transport.get_write_buffer_size() > _PENDING_BYTES:
            await asyncio.sleep(0.01)
            continue
        line += 1
        transport.write(b"x-filler-%d: %s\r\n" % (line, b"a" * 1000))
        await asyncio.sleep(0)
    await _until_gone(exchange.receive)


async def _endless_body(exchange: _Exchange, faults: Faults) -> None:
    left = int(float(faults.value("api-endless-body")))
    head = [(b"content-type", _JSON.encode())]
    await exchange.send({"type": "http.response.start", "status": 200, "headers": head})
    chunk = b'{"success":true,"data":"'
    while left > 0 and not exchange.transport.is_closing():
        chunk = chunk[:left]
        await exchange.send({"type": "http.response.body", "body": chunk, "more_body": True})
        left -= len(chunk)
        chunk = b"a" * _PENDING_BYTES
        await asyncio.sleep(0)
    await exchange.send({"type": "http.response.body", "body": b""})


_BYTE_FAULTS: dict[str, Callable[[_Exchange, Faults], Awaitable[None]]] = {
    "api-endless-headers": _endless_headers,
    "api-endless-body": _endless_body,
    "api-resets": _resets,
    "api-truncates": _truncates,
    "api-drips": _drips,
}


async def _gzip_bomb(scope: Scope, receive: Receive, send: Send) -> None:
    transport: asyncio.Transport = scope["extensions"][TRANSPORT]
    headers = [(b"content-type", _JSON.encode()), (b"content-encoding", b"gzip")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    gzip = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    packed = gzip.compress(json.dumps({"success": True, "data": {"status": "ok"}}).encode())
    for _ in range(GZIP_BOMB_BYTES >> 20):
        if transport.is_closing():
            await _until_gone(receive)
            return
        packed += gzip.compress(b" " * (1 << 20))
        await send({"type": "http.response.body", "body": packed, "more_body": True})
        packed = b""
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": gzip.flush()})


async def _redirect_loop(scope: Scope, receive: Receive, send: Send) -> None:
    here = scope["raw_path"].decode("latin-1")
    await _Answer(302, b"", location=here)(scope, receive, send)


_EDGE_ANSWERS: dict[str, ASGIApp] = {
    "api-bad-gateway": _Answer(502, _BAD_GATEWAY),
    "api-edge-503": _Answer(503, _UNAVAILABLE),
    "api-redirect-loop": _redirect_loop,
    "api-redirects-away": _Answer(302, b"", location=ELSEWHERE),
    "api-html": _Answer(200, _PAGE),
    "api-bad-json": _Answer(200, _CUT_JSON, _JSON),
    "api-gzip-bomb": _gzip_bomb,
}


async def _until_gone(receive: Receive) -> None:
    while not (await receive())["type"].endswith(".disconnect"):
        pass


def _dated(app: ASGIApp, behind_s: float) -> ASGIApp:
    async def dated(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                if all(name.lower() != b"date" for name, _ in headers):
                    date = formatdate(time.time() - behind_s, usegmt=True)
                    headers.append((b"date", date.encode()))
                message = {**message, "headers": headers}
            await send(message)

        await app(scope, receive, send_dated)

    return dated


def _head(status: int, headers: list[tuple[bytes, bytes]], length: int) -> bytes:
    lines = [b"HTTP/1.1 %d %s" % (status, http.HTTPStatus(status).phrase.encode())]
    lines += [
        b"%s: %s" % (name, value)
        for name, value in headers
        if name.lower() not in {b"content-length", b"transfer-encoding"}
    ]
    lines.append(b"content-length: %d" % length)
    return b"\r\n".join(lines) + b"\r\n\r\n"
