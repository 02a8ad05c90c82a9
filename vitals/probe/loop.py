"""The event loop of the probes, on a daemon thread beside pytest."""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import socket
import threading
from typing import TYPE_CHECKING, Any

from vitals.probe.names import is_address

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Coroutine

    from vitals.probe.names import Names

_SELECT_LIMIT = 1024  # descriptors that select() can watch: FD_SETSIZE of glibc


def _selector(may_open: int) -> selectors.BaseSelector:
    """`select` where it can watch every descriptor of the run, else the system's best.

    epoll rounds timers up to a millisecond (late by 0.71 ms in the median, `select` by 0.23).
    """
    lowest_free = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest_free)
    if lowest_free + may_open > _SELECT_LIMIT:
        return selectors.DefaultSelector()
    return selectors.SelectSelector()


class ProbeLoop(asyncio.SelectorEventLoop):
    """An event loop with exact timers, whose look-ups go through `Names`."""

    def __init__(self, names: Names, may_open: int) -> None:
        super().__init__(_selector(may_open))
        self._names = names

    async def getaddrinfo(
        self,
        host: bytes | str | None,
        port: bytes | str | int | None,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - the name that asyncio gave it
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        """The addresses of a host, from memory when the run has asked before."""
        name = host.decode() if isinstance(host, bytes) else host
        if name is None or is_address(name):
            return socket.getaddrinfo(name, port, family, type, proto, flags)
        found: list[Any] = []
        for address in await self._names.addresses(name):
            with contextlib.suppress(socket.gaierror):  # an address of a family not asked for
                found += socket.getaddrinfo(
                    address, port, family, type, proto, flags | socket.AI_NUMERICHOST
                )
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no address of this family")
        return found


class Background:
    """A thread that runs a `ProbeLoop` until it is stopped.

    It is a daemon: nothing that hangs in it holds up the exit of the process.

    Args:
        names: what the loop asks for addresses.
        may_open: how many connections the run may have open at once.
    """

    def __init__(self, names: Names, may_open: int) -> None:
        self.loop = ProbeLoop(names, may_open)
        self._thread = threading.Thread(target=self._run, daemon=True, name="vitals probes")

    def start(self) -> None:
        """Let the loop run."""
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, None]) -> concurrent.futures.Future[None]:
        """Run a coroutine in the loop, from any other thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def stop(self, patience: float = 5.0) -> None:
        """End the loop and wait for its thread, at most `patience` seconds."""
        with contextlib.suppress(RuntimeError):  # the loop has ended by itself
            self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(patience)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()
