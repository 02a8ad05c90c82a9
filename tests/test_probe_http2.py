"""The same samples over HTTP/2, where many requests share one connection."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.errors
import h2.events
import pytest
import trustme
from hostile_server import HostileServer
from probing import environment, started

from vitals.environment import Network
from vitals.probe.sample import Kind, Sample
from vitals.probe.spec import Get, Head

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path


class Http2Server(HostileServer):
    """Answers `/ok` and does something else by every other path; counts its connections."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__({}, tls=tls)
        self.connections = 0

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        connection = h2.connection.H2Connection(config)
        connection.initiate_connection()
        writer.write(connection.data_to_send())
        while data := await reader.read(65_536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    self._answer(connection, event)
            writer.write(connection.data_to_send())
            await writer.drain()
            if connection.state_machine.state is h2.connection.ConnectionState.CLOSED:
                await reader.read()

    def _answer(
        self, connection: h2.connection.H2Connection, event: h2.events.RequestReceived
    ) -> None:
        stream = event.stream_id
        asked = {str(name): str(value) for name, value in event.headers}
        self.heads.append(f"{asked[':method']} {asked[':path']} HTTP/2")
        match asked[":path"]:
            case "/hang":
                return
            case "/reset":
                connection.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
            case "/half":
                connection.send_headers(stream, [(":status", "200"), ("content-length", "9")])
                connection.send_data(stream, b"abc")
            case "/gone":
                connection.close_connection(h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)
            case _:
                connection.send_headers(stream, [(":status", "200"), ("x-a", "1"), ("x-a", "2")])
                body = b"" if asked[":method"] == "HEAD" else b"well"
                connection.send_data(stream, body, end_stream=True)


@pytest.fixture(name="ca_file", scope="module")
def _ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("http2") / "ca.pem"


@pytest.fixture(name="tls", scope="module")
def _tls(ca_file: Path) -> ssl.SSLContext:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2"])
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_requests_share_a_connection_and_one_that_hangs_holds_up_no_other(
    tls: ssl.SSLContext, ca_file: Path
) -> None:
    probes = [Get("api", "/hang"), Get("api", "/half"), Get("api", "/reset"), Head("api", "/h")]
    probes += [Get("api", f"/ok?{number}") for number in range(20)]
    with Http2Server(tls) as server:
        network = Network(ca_file=str(ca_file))
        looking_at = environment(api=server.url, network=network, connections=30, probe_ms=600)
        with started(looking_at, *probes) as found:
            samples = [found.result(probe) for probe in probes]
        assert server.connections == 1
    hang, half, reset, head, *answered = samples
    assert (hang.kind, half.kind) == (Kind.TIMEOUT, Kind.TIMEOUT)
    assert "then no answer for" in hang.detail
    assert "3 bytes of the body in" in half.detail
    assert reset.kind is Kind.PROTOCOL
    assert reset.detail.startswith("the server took the HTTP/2 stream down with error 2: ")
    assert head.kind is Kind.ANSWERED
    for sample in answered:
        assert isinstance(sample, Sample)
        assert (sample.kind, sample.body, sample.http_version) == (Kind.ANSWERED, b"well", "HTTP/2")
        assert sample.header("x-a") == "1, 2"
        assert sample.first is None
        assert sample.duration < 0.5


def test_fresh_requests_and_a_connection_that_is_taken_down(
    tls: ssl.SSLContext, ca_file: Path
) -> None:
    probes = [Get("api", f"/ok?{number}", fresh=True) for number in range(3)]
    probes.append(Get("api", "/gone", fresh=True))
    with Http2Server(tls) as server:
        looking_at = environment(api=server.url, network=Network(ca_file=str(ca_file)))
        with started(looking_at, *probes) as found:
            *answered, gone = [found.result(probe) for probe in probes]
        assert server.connections == 5
    assert {sample.kind for sample in answered} == {Kind.ANSWERED}
    assert gone.kind is Kind.RESET
    assert gone.detail.startswith("the server took the HTTP/2 connection down with error 11: ")
    assert gone.first
