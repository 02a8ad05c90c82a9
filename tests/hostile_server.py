"""A server that answers, hangs, lies or goes away, by the path that it is asked for."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import socket
import struct
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Mapping

    Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

MEGABYTE = 1_000_000


def answer(body: bytes = b"", *, status: str = "200 OK", headers: tuple[str, ...] = ()) -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def redirect(location: str) -> bytes:
    """A redirect to another place."""
    return answer(status="302 Found", headers=(f"location: {location}",))


def saying(data: bytes, *, then_close: bool = True) -> Behaviour:
    """Writes some bytes; then closes the connection in an orderly way, or leaves it open."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        if not then_close:
            await reader.read()

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Another behaviour for each request; the last one stays."""
    left = list(behaviours)

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(reader, writer)

    return behave


def resetting_after(data: bytes) -> Behaviour:
    """Writes some bytes; then resets the connection."""

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0.02)  # lets the bytes arrive before the reset overtakes them
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return behave


def repeating(head: bytes, part: bytes, *, every: float = 0.0) -> Behaviour:
    """Writes a head, then the same part for as long as somebody reads."""

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.transport.is_closing():
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(every)

    return behave


def bomb(size: int) -> bytes:
    """A gzip body of zeros that is a thousand times larger when it is unpacked."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        for _ in range(size // MEGABYTE):
            file.write(bytes(MEGABYTE))
    return answer(packed.getvalue(), headers=("content-encoding: gzip",))


class HostileServer:
    """Serves from a thread on a free port of 127.0.0.1, for a `with` block.

    Attributes:
        heads: the request heads that came, in order.
        most_at_once: the most connections that were open at the same time.
    """

    def __init__(
        self, routes: Mapping[str, Behaviour | bytes], *, tls: ssl.SSLContext | None = None
    ) -> None:
        self.heads: list[str] = []
        self.most_at_once = 0
        self._routes = dict(routes)
        self._tls = tls
        self._open: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, by address."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def named_url(self) -> str:
        """Where it listens, by name."""
        return self.url.replace("127.0.0.1", "localhost")

    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [head.split(" ")[1] for head in self.heads]

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._meet, "127.0.0.1", 0, ssl=self._tls)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(5)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await asyncio.sleep(0)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        self.most_at_once = max(self.most_at_once, len(self._open))
        try:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await self._talk(reader, writer)
        finally:
            self._open.discard(task)
            writer.transport.abort() if writer.transport.is_closing() else writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.heads.append(head)
                path = head.split(" ")[1].partition("?")[0]
                behaviour = self._routes.get(path, answer(status="404 Not Found"))
                if isinstance(behaviour, bytes):
                    writer.write(behaviour)
                    await writer.drain()
                else:
                    await behaviour(reader, writer)
                    return
