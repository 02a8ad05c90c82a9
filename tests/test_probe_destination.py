"""Where requests may go, and what must not go along."""

from __future__ import annotations

import pytest
import trustme
from hostile_server import HostileServer, answer, redirect
from probing import environment, observe

from vitals.environment import Network, Secret
from vitals.probe import destination
from vitals.probe.sample import Kind, Sample
from vitals.probe.spec import Get

CANARY = "canary-secret-value"
HEADERS: dict[str, Secret | str] = {"x-token": Secret("TOKEN", CANARY), "x-plain": "plain-value"}
ADDED = (("x-added", "added-value"),)
NOTHING = (CANARY, "plain-value", "added-value")


def test_headers_go_to_the_own_host_and_not_along_with_a_redirect() -> None:
    with HostileServer({"/": answer(b"other")}) as other:
        routes = {"/": redirect(f"{other.named_url}/"), "/same": redirect("/end"), "/end": answer()}
        with HostileServer(routes) as server:
            looking_at = environment(api=server.url, assets=("localhost",), headers=HEADERS)
            # localhost is no public address, and the file does not name 127.0.0.1 for it
            refused = observe(looking_at, Get("api", "/", ADDED, follow=True), Sample)
            observe(looking_at, Get("api", "/same", ADDED, follow=True), Sample)
            beyond = environment(api=server.url, assets=("127.0.0.1",), headers=HEADERS)
            server._routes["/"] = redirect(f"{other.url}/")
            reached = observe(beyond, Get("api", "/", ADDED, follow=True), Sample)
    assert refused.kind is Kind.FOREIGN
    assert refused.detail == "localhost leads to 127.0.0.1, an address of a private network"
    assert (reached.status, reached.body) == (200, b"other")
    assert len(other.heads) == 1
    assert not [word for word in NOTHING if word in other.heads[0]]
    for head in server.heads:
        assert all(word in head for word in NOTHING)


def test_bare_requests_and_hosts_outside_the_file_get_no_headers() -> None:
    with HostileServer({"/": answer(headers=("set-cookie: a=b; HttpOnly",))}) as server:
        observe(environment(api=server.url, headers=HEADERS), Get("api", "/", bare=True), Sample)
        elsewhere = environment(api=server.url, headers=HEADERS, secret_hosts=("api.vendhub.uz",))
        observe(elsewhere, Get("api", "/"), Sample)
    assert len(server.heads) == 2
    for head in server.heads:
        assert CANARY not in head
        assert "plain-value" not in head
        assert "cookie" not in head.lower()
        assert "user-agent: vendhub-vitals" in head.lower()


def test_https_never_leads_to_http(tmp_path_factory: pytest.TempPathFactory) -> None:
    authority = trustme.CA()
    ca_file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    context = HostileServerContext(authority)
    with (
        HostileServer({"/": answer()}) as plain,
        HostileServer({"/": redirect(f"{plain.url}/")}, tls=context.server) as server,
    ):
        looking_at = environment(api=server.url, network=Network(ca_file=str(ca_file)))
        sample = observe(looking_at, Get("api", "/", follow=True), Sample)
    assert sample.kind is Kind.FOREIGN
    assert "from https back to http" in sample.detail
    assert plain.heads == []


class HostileServerContext:
    """A server's TLS context with a good certificate for 127.0.0.1."""

    def __init__(self, authority: trustme.CA) -> None:
        import ssl  # noqa: PLC0415 - used by one test

        self.server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(self.server)


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("8.8.8.8", True),
        ("10.0.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("::ffff:10.0.0.1", False),
        ("2001:4860:4860::8888", True),
    ],
)
def test_a_further_host_may_not_lead_into_the_own_network(
    address: str, *, is_allowed: bool
) -> None:
    looking_at = environment(api="https://api.test", assets=("cdn.test", address))
    assert (destination.address_refusal("cdn.test", [address], looking_at) is None) is is_allowed
    assert destination.address_refusal("api.test", [address], looking_at) is None
    assert destination.address_refusal(address, [address], looking_at) is None


def test_names_are_compared_as_they_are_looked_up() -> None:
    looking_at = environment(api="https://api.test")
    for url in ("https://API.test/x", "https://api.test:8443/"):
        assert destination.refusal(url, source=url, environment=looking_at) is None
    for url in (
        "https://api.test.evil.test/",
        "https://api.test@evil.test/",
        "https://\u0430pi.test/",
    ):
        assert destination.refusal(url, source="https://api.test", environment=looking_at)
