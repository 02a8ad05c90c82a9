"""Whether the prober itself works: asked of itself, and of hosts that are not the product."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vitals.probe.http import Ask, fetch
from vitals.probe.sample import Kind, Sample, SocketSample, TlsSample
from vitals.probe.spec import Probe

if TYPE_CHECKING:
    from vitals.probe.prober import Prober
    from vitals.probe.sample import Observation

_WORD = b"vitals"
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n" + _WORD


@dataclass(frozen=True, slots=True)
class ControlProbe(Probe):
    """A request that says something about the prober, not about the product."""

    url: str

    @property
    def label(self) -> str:
        """What is asked."""
        return f"control {self.url}"


@dataclass(frozen=True, slots=True)
class Control:
    """The control probes of a round.

    Attributes:
        own: the answer of the server inside the prober.
        urls: the answers of `[control] urls`.
    """

    own: Sample
    urls: tuple[Sample, ...] = ()


async def ask_own_server(prober: Prober) -> Sample:
    """A request by the client of all probes to a server in the same process."""
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/"
        probe = ControlProbe("prober", "own")
        return await fetch(prober, Ask(probe=probe, url=url, bare=True, direct=True, repeat=False))
    finally:
        server.close()


async def ask_urls(prober: Prober) -> tuple[Sample, ...]:
    """A HEAD request to each of `[control] urls`; any status is an answer."""
    asks = [
        Ask(probe=ControlProbe("control", url), url=url, method="HEAD", bare=True, repeat=False)
        for url in prober.environment.control.urls
    ]
    return tuple(await asyncio.gather(*(fetch(prober, ask) for ask in asks)))


def fault_of_own(own: Sample) -> str | None:
    """What is wrong with the prober by its request to itself, None when that worked."""
    if own.kind is Kind.ANSWERED and own.body == _WORD:
        return None
    what = own.detail or f"it got status {own.status} and {len(own.body)} bytes"
    return f"the prober cannot reach a server inside itself: {what}"


def fault_of_network(urls: tuple[Sample, ...]) -> str | None:
    """What is wrong with the prober's network, None when a control URL answered or none is set.

    It proves a broken prober only when no probe of the product got an answer either.
    """
    if not urls or any(has_answer(sample) for sample in urls):
        return None
    told = "; ".join(f"{sample.url}: {sample.detail}" for sample in urls)
    return f"nothing answers, neither the product nor {told}"


def has_answer(observation: Observation) -> bool:
    """Whether the product said anything at all in this observation.

    A certificate that is refused does not count: a captive portal has one as well.
    """
    for part in observation.all():
        if isinstance(part, Sample) and part.status is not None:
            return True
        if isinstance(part, TlsSample) and part.answered and part.problem is None:
            return True
        if isinstance(part, SocketSample) and part.answered:
            return True
    return False


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_ANSWER)
        await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the client went away; its sample says so
    finally:
        writer.close()
