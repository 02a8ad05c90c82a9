"""Host names to addresses: looked up once for a run, on a thread that nobody has to wait for."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
import time
from typing import TYPE_CHECKING

from vitals.probe.timeline import CURRENT

if TYPE_CHECKING:
    from collections.abc import Callable


def is_address(host: str) -> bool:
    """Whether a host is an IP address already."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


class Names:
    """The addresses of host names, each asked for once; a failed look-up is forgotten.

    Each look-up has a daemon thread of its own, because asyncio joins its executor at the end
    and a resolver that hangs would hold up the exit of the run.

    Args:
        resolver: `address` or `address:port` of a name server; empty for the system's resolver.
        patience: seconds after which a name server that was named is given up.
    """

    def __init__(self, resolver: str = "", *, patience: float = 10.0) -> None:
        self._known: dict[str, asyncio.Future[tuple[str, ...]]] = {}
        self._resolver = resolver
        self._patience = patience

    async def addresses(self, host: str) -> tuple[str, ...]:
        """All addresses of a host, in the order of the resolver.

        The time is noted on the current timeline, as a phase of its own only for the request
        that asked first.

        Raises:
            socket.gaierror: the name has no address, or the resolver does not answer.
        """
        if is_address(host):
            return (host,)
        known = self._known.get(host)
        timeline = CURRENT.get()
        if timeline is not None and timeline.looking_up is None and (not known or not known.done()):
            timeline.looking_up = time.monotonic()
            timeline.is_first_look_up = known is None
        if known is None:
            known = self._known[host] = self._begin(host)
        try:
            return await asyncio.shield(known)
        finally:
            if timeline is not None and timeline.looking_up is not None and known.done():
                timeline.looked_up = timeline.looked_up or time.monotonic()

    def _begin(self, host: str) -> asyncio.Future[tuple[str, ...]]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[tuple[str, ...]] = loop.create_future()
        look_up: Callable[[str], tuple[str, ...]] = (
            self._ask_server if self._resolver else _ask_system
        )

        def settle(found: tuple[str, ...] | Exception) -> None:
            if future.done():
                return
            if isinstance(found, Exception):
                self._known.pop(host, None)
                future.set_exception(found)
                future.exception()  # nobody may be waiting any more, and that is no fault
            else:
                future.set_result(found)

        def work() -> None:
            found: tuple[str, ...] | Exception
            try:
                found = look_up(host)
            except Exception as fault:  # noqa: BLE001 - handed to whoever waits
                found = fault
            with contextlib.suppress(RuntimeError):  # the loop is closed: the run is over
                loop.call_soon_threadsafe(settle, found)

        threading.Thread(target=work, daemon=True, name=f"look up {host}").start()
        return future

    def _ask_server(self, host: str) -> tuple[str, ...]:
        import dns.exception  # noqa: PLC0415 - 60 ms that only [network] resolver needs
        import dns.resolver  # noqa: PLC0415 - same

        alone = is_address(self._resolver)
        address, _, port = (self._resolver, "", "53") if alone else self._resolver.rpartition(":")
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [address.strip("[]")]
        resolver.port = int(port)
        resolver.lifetime = self._patience
        found: list[str] = []
        try:
            for kind in ("A", "AAAA"):
                answer = resolver.resolve(host, kind, raise_on_no_answer=False)
                found += [record.to_text() for record in answer.rrset or ()]
        except dns.exception.DNSException as fault:
            words = f"{self._resolver} says: {fault}"
            raise socket.gaierror(socket.EAI_NONAME, words) from fault
        if not found:
            words = f"{self._resolver} knows no address of it"
            raise socket.gaierror(socket.EAI_NONAME, words)
        return tuple(found)


def _ask_system(host: str) -> tuple[str, ...]:
    try:
        infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError as fault:  # a label that IDNA cannot encode
        raise socket.gaierror(socket.EAI_NONAME, "no valid host name") from fault
    return tuple(dict.fromkeys(str(info[4][0]) for info in infos))
