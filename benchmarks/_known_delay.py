"""An HTTP server that answers after a known time, and says after which it really did.

`python -m benchmarks._known_delay` prints its address as JSON and ends when its standard input
does. The first part of a path is the median in milliseconds and the sigma of the lognormal delays
of its answers (`/20:0.5/any/thing`), draws of its own that are the same each time. The header
`held` is the time in seconds from the last byte of the request to the first of the answer.
"""

from __future__ import annotations

import asyncio
import json
import math
import selectors
import sys
import time
from collections import defaultdict
from functools import cache
from random import Random
from typing import cast

_ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nheld: %.6f\r\n"
)
_chances: defaultdict[str, Random] = defaultdict(lambda: Random(len(_chances)))  # noqa: S311 - draws that can be repeated


@cache
def delay_of(path: str) -> tuple[float, float]:
    """Median in seconds and sigma of the delays of a path."""
    median, sigma = path.split("/")[1].split(":")
    return float(median) / 1000, float(sigma)


class KnownDelay(asyncio.Protocol):
    """One connection: a request at a time, without a body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is written to."""
        self._transport = cast("asyncio.Transport", transport)
        self._head = b""

    def data_received(self, data: bytes) -> None:
        """Answer when the head of a request is complete."""
        self._head += data
        if not self._head.endswith(b"\r\n\r\n"):
            return
        came = time.monotonic()
        path = self._head.split(b" ", 2)[1].decode()
        self._head = b""
        median, sigma = delay_of(path)
        if median:
            seconds = _chances[path].lognormvariate(math.log(median), sigma)
            asyncio.get_running_loop().call_later(seconds, self._answer, came)
        else:
            self._answer(came)

    def _answer(self, came: float) -> None:
        if not self._transport.is_closing():
            self._transport.write(_ANSWER % (time.monotonic() - came) + b"\r\n{}")


async def main() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(KnownDelay, "127.0.0.1", 0, backlog=1000)
    print(json.dumps(server.sockets[0].getsockname()), flush=True)
    over = asyncio.Event()
    loop.add_reader(sys.stdin, over.set)
    await over.wait()


if __name__ == "__main__":
    # epoll rounds timers up to a whole millisecond, select does not.
    with asyncio.Runner(
        loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())
    ) as runner:
        runner.run(main())
