"""What a namespace does with a worthless token, and how its absence is told apart."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
import socketio  # type: ignore[import-untyped]  # it has no annotations
import uvicorn
from hostile_server import HostileServer, answer, redirect, saying
from probing import closed_port, environment, observe

from vitals.probe.sample import Kind, SocketSample
from vitals.probe.spec import Socket

if TYPE_CHECKING:
    from collections.abc import Iterator


def application() -> socketio.ASGIApp:
    """Namespaces that drop, greet, stay silent or refuse."""
    server = socketio.AsyncServer(async_mode="asgi", namespaces=["/drops", "/greets", "/silent"])

    async def drop(sid: str, _environ: object, auth: object) -> None:
        assert auth == {"token": "worthless"}
        server.start_background_task(server.disconnect, sid, "/drops")

    async def greet(sid: str, _environ: object, _auth: object) -> None:
        server.start_background_task(
            server.emit, "notifications:init", {"connected": True}, sid, namespace="/greets"
        )

    async def refuse(_sid: str, _environ: object, _auth: object) -> None:
        raise socketio.exceptions.ConnectionRefusedError("Invalid token")

    async def stay_silent(_sid: str, _environ: object, _auth: object) -> None:
        """Say nothing."""

    server.on("connect", drop, namespace="/drops")
    server.on("connect", greet, namespace="/greets")
    server.on("connect", refuse, namespace="/refuses")
    server.on("connect", stay_silent, namespace="/silent")
    return socketio.ASGIApp(server)


@pytest.fixture(name="url", scope="module")
def _url() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # so that nobody who comes before the server is refused
        config = uvicorn.Config(application(), log_level="error", ws="wsproto", lifespan="off")
        server = uvicorn.Server(config)
        serving = server.serve(sockets=[listening])
        thread = threading.Thread(target=asyncio.run, args=(serving,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


def ask(url: str, namespace: str) -> SocketSample:
    """What the probe brings back from a namespace."""
    return observe(environment(api=url), Socket("api", namespace, "worthless"), SocketSample)


def test_a_namespace_that_drops_us(url: str) -> None:
    sample = ask(url, "/drops")
    assert (sample.kind, sample.transport) == (Kind.ANSWERED, "websocket")
    assert [event.name for event in sample.events] == ["connect", "disconnect"]
    assert [event.data for event in sample.events] == [None, "server disconnect"]


def test_a_namespace_that_greets_us(url: str) -> None:
    sample = ask(url, "/greets")
    assert [event.name for event in sample.events] == ["connect", "notifications:init"]
    assert sample.events[1].data == {"connected": True}
    assert 0 < sample.events[0].at <= sample.events[1].at <= sample.duration


def test_a_namespace_that_stays_silent(url: str) -> None:
    sample = ask(url, "/silent")
    assert sample.kind is Kind.TIMEOUT
    assert [event.name for event in sample.events] == ["connect"]
    assert "then silence for" in sample.detail
    assert sample.duration < 1.5


@pytest.mark.parametrize("namespace", ["/refuses", "/unknown"])
def test_a_namespace_that_refuses_us(url: str, namespace: str) -> None:
    sample = ask(url, namespace)
    assert sample.kind is Kind.ANSWERED
    assert [event.name for event in sample.events] == ["connect_error"]
    assert sample.events[0].data


def test_what_is_no_socket_server_is_told_apart() -> None:
    dead = ask(f"http://127.0.0.1:{closed_port()}", "/drops")
    assert (dead.kind, dead.detail) == (Kind.REFUSED, "connection refused")
    with HostileServer({}) as plain:
        other = ask(plain.url, "/drops")
    assert other.kind is Kind.PROTOCOL
    assert other.detail.startswith("no Socket.IO there: /socket.io/?EIO=4&transport=polling")
    with HostileServer({"/socket.io/": saying(b"", then_close=False)}) as hanging:
        hung = ask(hanging.url, "/drops")
    assert hung.kind is Kind.TIMEOUT
    with (
        HostileServer({"/": answer()}) as elsewhere,
        HostileServer({"/socket.io/": redirect(elsewhere.url)}) as leading,
    ):
        led = ask(leading.url, "/drops")
    assert (led.kind, elsewhere.heads) == (Kind.FOREIGN, [])


def test_what_is_heavy_is_imported_only_when_it_is_needed() -> None:
    heavy = "socketio aiohttp cryptography dns.resolver pydantic click rich"
    script = f"""
import sys, vitals.probe.round
print([name for name in "{heavy}".split() if name in sys.modules])
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
