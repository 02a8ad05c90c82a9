"""How the tests of probes look at servers of their own."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, TypeVar

from vitals.environment import Control, Deadlines, Environment, Hosts, Limits, Network, Urls
from vitals.probe.round import Round

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vitals.environment import Secret
    from vitals.probe.sample import Observation
    from vitals.probe.spec import Probe

Found = TypeVar("Found", bound="Observation")


def environment(
    *,
    api: str = "",
    web: str = "",
    assets: tuple[str, ...] = (),
    headers: dict[str, Secret | str] | None = None,
    control: tuple[str, ...] = (),
    probe_ms: int = 1000,
    round_ms: int = 4000,
    body_bytes: int = 100_000,
    connections: int = 10,
    network: Network | None = None,
    secret_hosts: tuple[str, ...] = ("127.0.0.1", "localhost"),
) -> Environment:
    """An environment for servers on this machine, with short deadlines."""
    return Environment(
        name="test",
        description="servers of a test",
        urls=Urls(api=api, web=web),
        hosts=Hosts(assets=assets),
        network=network or Network(),
        control=Control(urls=control),
        headers=headers or {},
        limits=Limits(connections=connections),
        deadlines=Deadlines(probe_ms=probe_ms, round_ms=round_ms, body_bytes=body_bytes),
        secret_hosts=frozenset(secret_hosts),
    )


@contextlib.contextmanager
def started(looking_at: Environment, *probes: Probe) -> Iterator[Round]:
    """A round of probes, stopped at the end of the block."""
    found = Round(looking_at)
    found.start(probes)
    try:
        yield found
    finally:
        found.stop()


def observe(looking_at: Environment, probe: Probe, kind: type[Found]) -> Found:
    """What a single probe brings back."""
    with started(looking_at, probe) as found:
        result = found.result(probe)
    assert isinstance(result, kind)
    return result


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
