"""All probes at once: deadlines, names, the prober's own health, and an orderly end."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hostile_server import HostileServer, answer, repeating, saying
from probing import closed_port, environment, observe, started

from vitals.environment import Network
from vitals.probe.clock import Clock
from vitals.probe.round import SENDERS, Round
from vitals.probe.sample import DnsSample, Kind, Observation, Sample
from vitals.probe.spec import Dns, Get, Page, Probe, Socket, Tls, Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vitals.probe.prober import Prober

HANG = saying(b"", then_close=False)


def test_equal_probes_are_sent_once_and_all_at_the_same_time() -> None:
    routes = {f"/{number}": answer() for number in range(5)}
    probes = [Get("api", path) for path in routes]
    clock = Clock.started_now()
    with HostileServer(routes) as server:
        found = Round(environment(api=server.url), clock=clock)
        found.start([*probes, Get("api", "/0"), Get("api", "/0")])
        samples = [found.result(probe) for probe in probes]
        found.stop()
        found.stop()
    assert sorted(server.paths()) == sorted(routes)
    assert all(0 <= sample.at < 0.5 for sample in samples)
    assert samples[0].started_at == clock.utc(samples[0].at)
    assert [part.at for part in found.all_samples()] == sorted(part.at for part in samples)


def test_what_is_outstanding_at_the_rounds_deadline_ends_with_what_had_come() -> None:
    routes = {
        "/hang": HANG,
        "/drip": repeating(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", b"x", every=0.1),
    }
    kinds: list[Probe] = [Get("api", "/hang"), Get("api", "/drip"), Page("api", "/hang")]
    kinds += [Watch("api", "/hang"), Socket("api", "/x", "worthless")]
    with HostileServer(routes) as server:
        looking_at = environment(api=server.url, probe_ms=9000, round_ms=1000, connections=5)
        began = time.monotonic()
        with started(looking_at, *kinds) as found:
            samples = [found.result(probe) for probe in kinds]
        assert time.monotonic() - began < 2.5
    assert {sample.kind for sample in samples[:4]} == {Kind.DEADLINE}
    drip = samples[1]
    assert isinstance(drip, Sample)
    assert drip.status == 200
    assert "bytes of the body in" in drip.detail
    assert all(sample.detail for sample in samples)


def test_a_round_that_is_stopped_early_leaves_nothing_open() -> None:
    probes: list[Probe] = [Get("api", "/hang"), Get("api", "/ok"), Tls("web"), Dns("api")]
    with HostileServer({"/hang": HANG, "/ok": answer()}) as server:
        tls = f"https://127.0.0.1:{server.port}"
        with started(environment(api=server.url, web=tls, probe_ms=9000), *probes) as found:
            assert found.result(probes[1]).kind is Kind.ANSWERED
            began = time.monotonic()
        assert time.monotonic() - began < 1
    assert found.result(probes[0]).detail == "the round was stopped before it ended"
    assert found.prober_broken() is None
    Round(environment()).stop()


def test_an_unknown_probe_and_a_second_start_are_faults_of_the_caller() -> None:
    class Other(Probe):
        __slots__ = ()

    with pytest.raises(TypeError, match="SENDERS"):
        Round(environment()).start([Other("api")])
    with started(environment()) as found, pytest.raises(RuntimeError, match="once"):
        found.start([])


def test_an_exception_in_a_sender_is_a_sample_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_prober: Prober, _spec: Probe) -> Observation:
        raise KeyError("oops")

    page = SENDERS[Page]
    monkeypatch.setitem(SENDERS, Page, type(page)(broken, page.brings))
    with started(environment(api="http://127.0.0.1:9"), Page("api", "/")) as found:
        sample = found.result(Page("api", "/"))
    assert (sample.kind, sample.detail) == (Kind.PROBER, "KeyError: 'oops'")


def test_a_prober_that_cannot_start_says_so_in_every_sample(tmp_path: Path) -> None:
    gone = Network(ca_file=str(tmp_path / "gone.pem"))
    with started(environment(api="http://127.0.0.1:9", network=gone), Get("api", "/")) as found:
        sample = found.result(Get("api", "/"))
        words = found.prober_broken()
    assert sample.kind is Kind.PROBER
    assert words is not None
    assert words == sample.detail
    assert words.startswith("the prober cannot start: FileNotFoundError")


def test_the_prober_is_broken_only_when_nobody_answers_at_all() -> None:
    dead = f"http://127.0.0.1:{closed_port()}"
    with HostileServer({}) as server:
        with started(environment(api=dead, control=(dead, server.url)), Get("api", "/")) as found:
            assert found.prober_broken() is None
            assert [sample.kind for sample in found.control.urls] == [Kind.REFUSED, Kind.ANSWERED]
        with started(environment(api=server.url, control=(dead,)), Get("api", "/")) as found:
            assert found.prober_broken() is None
        with started(environment(api=dead), Get("api", "/")) as found:
            assert found.prober_broken() is None
    with started(environment(api=dead, control=(dead,)), Get("api", "/")) as found:
        words = found.prober_broken()
    assert words == f"nothing answers, neither the product nor {dead}: connection refused"


def test_the_prober_is_told_to_be_healthy_before_a_slow_probe_ends() -> None:
    dead = f"http://127.0.0.1:{closed_port()}"
    probes = [Get("api", "/ok"), Get("api", "/hang")]
    with (
        HostileServer({"/ok": answer(), "/hang": HANG}) as server,
        started(environment(api=server.url, control=(dead,), probe_ms=3000), *probes) as found,
    ):
        began = time.monotonic()
        assert found.prober_broken() is None
        assert time.monotonic() - began < 1


def test_a_resolver_that_hangs_ends_as_time_out_and_does_not_hold_up_the_exit() -> None:
    root = Path(__file__).parent
    script = f"""
import sys, time, threading, socket
sys.path[:0] = [{str(root)!r}, {str(root.parent)!r}]
socket.getaddrinfo = lambda *a, **k: threading.Event().wait()
from probing import environment, started
from vitals.probe.spec import Get, Dns
probes = [Get("api", "/"), Dns("api")]
with started(environment(api="http://api.test", probe_ms=300, round_ms=500), *probes) as found:
    for probe in probes:
        sample = found.result(probe)
        print(sample.kind.name, (sample.first or sample).kind.name, sample.detail)
"""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    assert time.monotonic() - began < 4
    request, look_up = done.stdout.splitlines()
    assert request.startswith("TIMEOUT TIMEOUT its host name was still being looked up after")
    assert look_up.startswith("TIMEOUT TIMEOUT its host name was still being looked up after")
    assert done.stderr == ""


class NameServer:
    """Answers each question over UDP with 127.0.0.1, except for names that begin with `no`."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        while True:
            data, source = self.socket.recvfrom(4096)
            if not data:
                return
            query = dns.message.from_wire(data)
            question = query.question[0]
            self.asked.append(question.to_text())
            reply = dns.message.make_response(query)
            reply.flags |= dns.flags.RA
            if question.name.to_text().startswith("no"):
                reply.set_rcode(dns.rcode.NXDOMAIN)
            elif question.rdtype == 1:
                reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", "A", "127.0.0.1"))
            self.socket.sendto(reply.to_wire(), source)

    def close(self) -> None:
        host, _, port = self.place.partition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (host, int(port)))
        self.thread.join(5)
        self.socket.close()


@pytest.fixture(name="names")
def _names() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.close()


def test_a_name_server_of_the_file_is_asked_once_for_each_host(names: NameServer) -> None:
    network = Network(resolver=names.place)
    probes = [Get("api", f"/{number}") for number in range(4)]
    with HostileServer({probe.path: answer() for probe in probes}) as server:
        looking_at = environment(api=f"http://api.test:{server.port}", network=network)
        with started(looking_at, *probes, Dns("api")) as found:
            samples = [found.result(probe) for probe in probes]
            addresses = found.result(Dns("api"))
    assert {sample.kind for sample in samples} == {Kind.ANSWERED}
    assert isinstance(addresses, DnsSample)
    assert addresses.addresses == ("127.0.0.1",)
    assert sorted(names.asked) == ["api.test. IN A", "api.test. IN AAAA"]
    timed = [part for part in found.all_samples() if part.phases.dns is not None]
    assert len(timed) == 1
    unknown = observe(environment(api="http://no.test", network=network), Dns("api"), DnsSample)
    assert unknown.kind is Kind.DNS
    assert names.place in unknown.detail


def test_more_descriptors_than_select_can_watch_are_no_fault() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    old = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 1200
    if most < wanted:
        pytest.skip("the system allows too few descriptors to try this")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(old[0], wanted), most))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1050)]
    try:
        with HostileServer({"/": answer(b"well")}) as server:
            sample = observe(environment(api=server.url), Get("api", "/"), Sample)
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, old)
    assert sample.body == b"well"
