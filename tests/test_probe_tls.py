"""A certificate is read and judged in words, also when no browser would accept it."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import trustme
from hostile_server import HostileServer, answer, saying
from probing import closed_port, environment, observe

from vitals.environment import Network
from vitals.probe.sample import Kind, Sample, TlsSample
from vitals.probe.spec import Get, Tls

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from vitals.environment import Environment

NOW = datetime.now(UTC)


@pytest.fixture(name="authority", scope="module")
def _authority() -> trustme.CA:
    return trustme.CA(organization_name="Test Authority")


@pytest.fixture(name="ca_file", scope="module")
def _ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def serving(
    authority: trustme.CA, host: str = "127.0.0.1", *, days: float = 90.0, old: bool = False
) -> ssl.SSLContext:
    """A server's side with a certificate that ends in some days."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    end = NOW + timedelta(days=days)
    authority.issue_cert(host, not_before=end - timedelta(days=90), not_after=end).configure_cert(
        context
    )
    if old:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def looking_at(url: str, ca_file: Path | None, proxy: str = "") -> Environment:
    """An environment that trusts the test's authority."""
    network = Network(ca_file=str(ca_file) if ca_file else "", proxy=proxy)
    return environment(api=url, network=network)


def test_a_good_certificate(authority: trustme.CA, ca_file: Path) -> None:
    context = serving(authority, days=9.5)
    with HostileServer({"/": answer(b"well")}, tls=context) as server:
        sample = observe(looking_at(server.url, ca_file), Tls("api"), TlsSample)
        page = observe(looking_at(server.url, ca_file), Get("api", "/"), Sample)
    assert (sample.kind, sample.problem, sample.verify_code) == (Kind.ANSWERED, None, None)
    assert (sample.host, sample.port, sample.protocol) == ("127.0.0.1", server.port, "TLSv1.3")
    assert sample.names == ("127.0.0.1",)
    assert sample.issuer.startswith("Test Authority")
    assert sample.days_left == pytest.approx(9.5, abs=0.1)
    assert sample.phases.connect is not None
    assert sample.phases.tls is not None
    assert (page.body, page.phases.tls is not None) == (b"well", True)


@pytest.mark.parametrize(
    ("host", "days", "code", "problem"),
    [
        ("127.0.0.1", -3.01, 10, f"expired 3 days ago on {NOW - timedelta(days=3.01):%Y-%m-%d}"),
        ("127.0.0.1", 91.0, 9, f"not valid before {NOW + timedelta(days=1):%Y-%m-%d}"),
        ("other.test", 90.0, 64, "for another host: other.test"),
    ],
)
def test_a_certificate_that_is_refused(  # noqa: PLR0917 - pytest passes them by name
    authority: trustme.CA, ca_file: Path, host: str, days: float, code: int, problem: str
) -> None:
    with HostileServer({"/": answer()}, tls=serving(authority, host, days=days)) as server:
        sample = observe(looking_at(server.url, ca_file), Tls("api"), TlsSample)
        page = observe(looking_at(server.url, ca_file), Get("api", "/"), Sample)
    assert (sample.kind, sample.verify_code) == (Kind.ANSWERED, code)
    assert sample.problem is not None
    assert sample.problem.startswith(problem)
    assert (sample.names, sample.protocol) == ((host,), "TLSv1.3")
    assert sample.days_left == pytest.approx(days, abs=0.1)
    assert (page.kind, page.first) == (Kind.TLS, None)
    assert page.detail.startswith("the certificate is refused: ")
    assert server.heads == []


def test_a_missing_intermediate_and_an_unknown_issuer(ca_file: Path, authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued = authority.create_child_ca().issue_cert("127.0.0.1")
    with issued.cert_chain_pems[0].tempfile() as leaf, issued.private_key_pem.tempfile() as key:
        context.load_cert_chain(leaf, key)
    with HostileServer({}, tls=context) as server:
        sample = observe(looking_at(server.url, ca_file), Tls("api"), TlsSample)
    assert sample.verify_code in {20, 21}
    assert sample.problem is not None
    assert sample.problem.startswith("unknown issuer or missing intermediate certificate: ")


def test_a_self_signed_certificate(tmp_path: Path) -> None:
    itself = trustme.CA()
    path = tmp_path / "self.pem"
    itself.private_key_pem.write_to_path(path)
    itself.cert_pem.write_to_path(path, append=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with HostileServer({}, tls=context) as server:
        sample = observe(looking_at(server.url, None), Tls("api"), TlsSample)
    assert (sample.problem, sample.verify_code) == ("self-signed", 18)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_a_server_that_speaks_only_old_tls(authority: trustme.CA, ca_file: Path) -> None:
    with HostileServer({}, tls=serving(authority, old=True)) as server:
        sample = observe(looking_at(server.url, ca_file), Tls("api"), TlsSample)
        page = observe(looking_at(server.url, ca_file), Get("api", "/"), Sample)
    assert (sample.kind, sample.protocol, sample.names) == (
        Kind.ANSWERED,
        "TLSv1.1",
        ("127.0.0.1",),
    )
    assert sample.problem == "nothing newer than TLSv1.1 is spoken, TLS 1.2 is the least"
    # the server's closing of the connection may overtake its alert
    assert (page.kind is Kind.TLS and "only TLS older than 1.2" in page.detail) or (
        page.kind is Kind.RESET and "then no TLS handshake" in page.detail
    )


def test_a_port_that_speaks_no_tls_hangs_or_is_closed() -> None:
    routes = {"/": saying(b"")}
    with HostileServer(routes) as plain:
        hurried = environment(api=f"https://127.0.0.1:{plain.port}", probe_ms=300)
        silent = observe(hurried, Tls("api"), TlsSample)
        page = observe(hurried, Get("api", "/"), Sample)
    assert silent.kind is Kind.TIMEOUT
    assert "then no TLS handshake for" in silent.detail
    assert page.kind is Kind.TIMEOUT
    assert "then no TLS handshake for" in page.detail
    closed = observe(environment(api=f"https://127.0.0.1:{closed_port()}"), Tls("api"), TlsSample)
    assert closed.kind is Kind.REFUSED


def test_a_port_that_answers_something_else() -> None:
    with Talkative() as other:
        url = f"https://127.0.0.1:{other.port}"
        sample = observe(environment(api=url), Tls("api"), TlsSample)
        page = observe(environment(api=url), Get("api", "/"), Sample)
    assert (sample.kind, sample.detail) == (Kind.TLS, "no TLS is spoken there")
    assert (page.kind, page.detail, page.first) == (Kind.TLS, "no TLS is spoken there", None)


class Talkative(HostileServer):
    """Speaks first, and no TLS."""

    def __init__(self) -> None:
        super().__init__({})

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test ESMTP\r\n")
        await reader.read()


def test_by_way_of_a_proxy() -> None:
    with HostileServer({"api.invalid:443": answer(status="403 Forbidden")}) as proxy:
        network = Network(proxy=proxy.url)
        through = environment(api="https://api.invalid", network=network)
        sample = observe(through, Tls("api"), TlsSample)
        page = observe(through, Get("api", "/"), Sample)
    assert (sample.kind, sample.detail) == (Kind.UNREACHABLE, "the proxy answers 403 Forbidden")
    assert page.kind is Kind.UNREACHABLE
    assert page.detail.startswith("the proxy answers 403")
