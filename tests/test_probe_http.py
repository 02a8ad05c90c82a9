"""Whatever a server does, one request gives one sample that says what happened."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import TYPE_CHECKING

from hostile_server import (
    MEGABYTE,
    HostileServer,
    answer,
    bomb,
    in_turn,
    redirect,
    repeating,
    resetting_after,
    saying,
)
from probing import closed_port, environment, observe, started

from vitals.environment import Network
from vitals.probe.sample import Kind, Sample
from vitals.probe.spec import Get, Head, Preflight

if TYPE_CHECKING:
    import pytest
    from hostile_server import Behaviour

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"
ENDLESS = repeating(b"HTTP/1.1 200 OK\r\n\r\n", bytes(65_536))

UNANSWERED: dict[str, tuple[Behaviour | bytes, Kind, str]] = {
    "hangs": (saying(b"", then_close=False), Kind.TIMEOUT, " ms, then no answer for "),
    "drips a head": (repeating(b"HTTP/1.1 ", b"2", every=0.1), Kind.TIMEOUT, "then no answer"),
    "drips a body": (repeating(HEAD, b"x", every=0.1), Kind.TIMEOUT, "bytes of the body in"),
    "only 1xx": (
        repeating(b"", b"HTTP/1.1 100 Continue\r\n\r\n", every=0.001),
        Kind.TIMEOUT,
        "then no answer",
    ),
    "resets": (resetting_after(HEAD + b"abc"), Kind.RESET, "was reset: answered after"),
    "truncates": (saying(HEAD + b"abc"), Kind.RESET, "was closed: answered after"),
    "says nothing": (saying(b""), Kind.RESET, "then no answer"),
    "endless head": (
        repeating(b"HTTP/1.1 200 OK\r\n", b"x-a: " + b"y" * 1000 + b"\r\n"),
        Kind.PROTOCOL,
        "its head does not end",
    ),
    "other protocol": (saying(b"SSH-2.0-x\r\n\r\n"), Kind.PROTOCOL, "illegal status line"),
    "chunked garbage": (
        saying(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc"),
        Kind.PROTOCOL,
        "illegal chunk header",
    ),
    "encoding not offered": (
        answer(b"xx", headers=("content-encoding: br",)),
        Kind.PROTOCOL,
        "'br' was not asked for",
    ),
    "no gzip": (
        answer(b"xx", headers=("content-encoding: gzip",)),
        Kind.PROTOCOL,
        "announced as gzip and is none",
    ),
    "redirect loop": (redirect("/redirect-loop"), Kind.REDIRECTS, "more than 3 redirects"),
    "foreign": (redirect("http://127.0.0.2/"), Kind.FOREIGN, "does not name the host 127.0.0.2"),
    "no url": (redirect("http://[::bad"), Kind.FOREIGN, "it is no URL"),
    "other scheme": (redirect("file:///etc/passwd"), Kind.FOREIGN, "file scheme"),
    "user name": (redirect("//u:p@127.0.0.1/"), Kind.FOREIGN, "carries a user name"),
}


def test_each_way_to_fail_has_its_kind_and_its_sentence() -> None:
    """All at once, within the deadline of a second and its second attempt."""
    paths = {case: f"/{case.replace(' ', '-')}" for case in UNANSWERED}
    routes = {paths[case]: behaviour for case, (behaviour, _, _) in UNANSWERED.items()}
    probes = {case: Get("api", path, follow=True) for case, path in paths.items()}
    with (
        HostileServer(routes) as server,
        started(environment(api=server.url, connections=20), *probes.values()) as found,
    ):
        for case, (_, kind, words) in UNANSWERED.items():
            sample = found.result(probes[case])
            assert (case, sample.kind) == (case, kind), sample.detail
            assert words in sample.detail, case
            assert sample.duration < 1.5
        assert found.prober_broken() is None


def test_what_came_is_kept_of_an_answer_that_was_cut_off() -> None:
    with HostileServer({"/": saying(HEAD + b"abc")}) as server:
        sample = observe(environment(api=server.url), Get("api", "/"), Sample)
    assert (sample.status, sample.body, sample.size) == (200, b"abc", 3)


def test_refused_and_unknown_hosts() -> None:
    refused = observe(environment(api=f"http://127.0.0.1:{closed_port()}"), Get("api", "/"), Sample)
    assert (refused.kind, refused.detail) == (Kind.REFUSED, "connection refused")
    named = f"http://localhost:{closed_port()}"
    assert observe(environment(api=named), Get("api", "/"), Sample).kind is Kind.REFUSED
    unknown = observe(environment(api="http://nowhere.invalid"), Get("api", "/"), Sample)
    assert unknown.kind is Kind.DNS
    assert unknown.detail.startswith("host name not found: ")


def test_bodies_without_end_cost_no_memory() -> None:
    routes: dict[str, Behaviour | bytes] = {"/endless": ENDLESS, "/bomb": bomb(50 * MEGABYTE)}
    probes = [Get("api", path) for path in routes]
    with (
        HostileServer(routes) as server,
        started(environment(api=server.url), Get("api", "/warm")) as warm,
    ):
        warm.result(Get("api", "/warm"))
        tracemalloc.start()
        with started(environment(api=server.url), *probes) as found:
            for probe in probes:
                sample = found.result(probe)
                assert isinstance(sample, Sample)
                assert sample.kind is Kind.TOO_LARGE
                assert sample.detail == "more than 100000 bytes of a body"
                assert len(sample.body) == 100_000
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 8 * MEGABYTE


def test_a_healthy_answer_in_full() -> None:
    body = b'{"ok":"\xff"}'
    healthy = answer(body, headers=("X-Twice: a", "x-twice: b", "Content-Type: Text/JSON; x=y"))
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"
    with HostileServer({"/": early + healthy}) as server:
        sample = observe(environment(api=server.named_url), Get("api", "/"), Sample)
    assert (sample.kind, sample.status, sample.http_version) == (Kind.ANSWERED, 200, "HTTP/1.1")
    assert (sample.header("X-TWICE"), sample.media_type) == ("a, b", "text/json")
    assert (sample.text, sample.size) == ('{"ok":"�"}', len(body))
    phases = sample.phases
    parts = [phases.dns, phases.connect, phases.first_byte, phases.body]
    assert all(part is not None and part >= 0 for part in parts)
    assert phases.tls is None
    assert sum(part or 0 for part in parts) <= sample.duration
    assert (sample.first, sample.reused) == (None, False)


def test_headers_are_bounded() -> None:
    many = answer(headers=("x-long: " + "y" * 20_000, *(f"x-{i}: 1" for i in range(500))))
    with HostileServer({"/": many}) as server:
        sample = observe(environment(api=server.url), Get("api", "/"), Sample)
    assert len(sample.headers) == 200
    assert max(len(value) for _, value in sample.headers) == 8192


def test_get_and_head_are_sent_once_more_and_the_first_failure_is_kept() -> None:
    routes = {
        "/503": in_turn(saying(answer(status="503 Unavailable")), saying(answer(b"well"))),
        "/lost": in_turn(saying(b""), saying(answer())),
        "/options": saying(answer(status="503 Unavailable")),
        "/429": saying(answer(status="429 Too Many Requests")),
    }
    probes = [Get("api", "/503"), Head("api", "/lost"), Preflight("api", "/options", origin="api")]
    probes.append(Get("api", "/429"))
    with (
        HostileServer(routes) as server,
        started(environment(api=server.url), *probes) as found,
    ):
        unavailable, lost, options, throttled = [found.result(probe) for probe in probes]
        assert len(found.all_samples()) == 6
    assert isinstance(unavailable, Sample)
    assert unavailable.first
    assert (unavailable.status, unavailable.first.status) == (200, 503)
    assert unavailable.at - unavailable.first.at >= 0.5
    assert lost.kind is Kind.ANSWERED
    assert lost.first
    assert lost.first.kind is Kind.RESET
    assert (options.first, throttled.first) == (None, None)


def test_redirects_are_followed_with_their_hops_only_where_asked() -> None:
    routes = {"/a": redirect("b?x=1#part"), "/b": answer(b"there")}
    with HostileServer(routes) as server:
        looking_at = environment(api=server.url)
        sample = observe(looking_at, Get("api", "/a", follow=True), Sample)
        assert (sample.status, sample.url) == (200, f"{server.url}/b?x=1")
        assert [(hop.status, hop.location) for hop in sample.hops] == [(302, sample.url)]
        assert observe(looking_at, Get("api", "/a", follow=False), Sample).status == 302


class Crowd:
    """Answers after a while, and counts how many wait at once."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def __call__(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.05)
        self.now -= 1
        writer.write(answer())
        await writer.drain()


def test_at_most_the_allowed_requests_are_in_flight_to_a_host() -> None:
    crowd = Crowd()
    probes = [Get("api", f"/{number}") for number in range(12)]
    with (
        HostileServer(dict.fromkeys((probe.path for probe in probes), crowd)) as server,
        started(environment(api=server.url, connections=3), *probes) as found,
    ):
        samples = [found.result(probe) for probe in probes]
    assert crowd.most == 3
    assert {sample.kind for sample in samples} == {Kind.ANSWERED}
    assert max(sample.duration for sample in samples) < 0.15  # waiting for a place is not counted


def test_a_kept_connection_that_the_server_drops_is_no_failure() -> None:
    routes: dict[str, Behaviour | bytes] = {"/a": redirect("/b")}
    routes["/b"] = in_turn(saying(b""), saying(answer(b"well")))
    with HostileServer(routes) as server:
        sample = observe(environment(api=server.url), Get("api", "/a", follow=True), Sample)
    assert server.paths() == ["/a", "/b", "/b"]
    assert (sample.body, sample.first) == (b"well", None)


def test_requests_go_by_way_of_the_proxy_and_only_of_the_configured_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    asked = "http://api.invalid/x"
    with HostileServer({asked: answer(b"by proxy"), "/x": answer(b"direct")}) as server:
        direct = observe(environment(api=server.url), Get("api", "/x"), Sample)
        proxied = environment(api="http://api.invalid", network=Network(proxy=server.url))
        with started(proxied, Get("api", "/x")) as found:
            sample = found.result(Get("api", "/x"))
            assert found.prober_broken() is None
    assert direct.body == b"direct"
    assert isinstance(sample, Sample)
    assert sample.body == b"by proxy"
