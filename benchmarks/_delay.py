"""TCP proxies that add a delay, for servers on this machine.

`python -m benchmarks._delay MS HOST:PORT ...` listens once for each server, on the server's own
host, prints the ports as a JSON list, and ends when its standard input does. Bytes take MS / 2
longer in each direction, so an exchange takes MS longer. Opening a connection takes one exchange
too: the client's connect() itself returns at once, what it sends first waits for MS more.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import selectors
import sys
from functools import partial

_CHUNK = 65_536
_Late = asyncio.Queue[tuple[float, bytes]]


async def carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float, not_before: float
) -> None:
    """Pass bytes on, `delay` seconds after they came or after `not_before`; then the end."""
    late: _Late = asyncio.Queue()
    async with asyncio.TaskGroup() as group:
        group.create_task(_deliver(late, writer))
        loop = asyncio.get_running_loop()
        chunk = b"?"
        while chunk:
            try:
                chunk = await reader.read(_CHUNK)
            except ConnectionError:
                chunk = b""
            late.put_nowait((max(loop.time(), not_before) + delay, chunk))


async def _deliver(late: _Late, writer: asyncio.StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):  # the other side went away first
        while True:
            due, chunk = await late.get()
            await asyncio.sleep(due - loop.time())
            if not chunk:
                break
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()


async def connect_through(
    host: str,
    port: int,
    delay: float,
    client_in: asyncio.StreamReader,
    client_out: asyncio.StreamWriter,
) -> None:
    """Serve one connection of a client with one to the server, `delay` seconds an exchange."""
    opened = asyncio.get_running_loop().time() + delay
    try:
        server_in, server_out = await asyncio.open_connection(host, port)
    except OSError:
        client_out.transport.abort()
        return
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(carry(client_in, server_out, delay / 2, opened))
            group.create_task(carry(server_in, client_out, delay / 2, opened))
    finally:
        server_out.close()
        client_out.close()


async def main(milliseconds: str, *places: str) -> None:
    """Run the proxies until standard input ends."""
    ports = []
    for place in places:
        host, _, port = place.rpartition(":")
        accept = partial(connect_through, host, int(port), float(milliseconds) / 1000)
        server = await asyncio.start_server(accept, host, 0)
        ports.append(server.sockets[0].getsockname()[1])
    print(json.dumps(ports), flush=True)
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, over.set)
    await over.wait()


if __name__ == "__main__":
    # epoll rounds timers up to a whole millisecond, select does not.
    with asyncio.Runner(
        loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())
    ) as runner:
        runner.run(main(*sys.argv[1:]))
