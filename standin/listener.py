"""One port that was chosen by the kernel: it can be closed, kept, and opened again."""

import asyncio
import contextlib
import socket
import ssl
from typing import TYPE_CHECKING

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import ServerState

from standin.edge import EdgeProtocol

if TYPE_CHECKING:
    from uvicorn.lifespan.off import LifespanOff
    from uvicorn.lifespan.on import LifespanOn

_STOP_S = 0.5


class Listener:
    """Serves an application on a port of `host`; made with the port bound and nothing listening.

    While it is closed the port stays bound, so that connections are refused and nobody else
    gets the port. Raises OSError where the host cannot be bound.
    """

    def __init__(self, host: str) -> None:
        self.host = host
        self._socket = _bound(host, 0)
        self.port: int = self._socket.getsockname()[1]
        self._state = ServerState()
        self._server: asyncio.Server | None = None
        self._config: Config | None = None
        self._lifespan: LifespanOn | LifespanOff | None = None
        self._tls: ssl.SSLContext | None = None

    async def start(self, app: ASGIApp, tls: ssl.SSLContext | None = None) -> None:
        """Start the application (its lifespan) without listening yet."""
        self._tls = tls
        self._config = Config(
            app,
            http=EdgeProtocol,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,  # the edge writes it: it may have to be wrong
            proxy_headers=False,  # whom to believe about a client's address is the API's affair
        )
        self._config.load()
        self._lifespan = self._config.lifespan_class(self._config)
        await self._lifespan.startup()
        if self._lifespan.should_exit:
            raise RuntimeError("the application did not start")

    async def open(self) -> None:
        """Listen; does nothing when it listens already."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(
                self._protocol, sock=self._socket, ssl=self._tls
            )

    def close(self) -> None:
        """Refuse connections from now on, drop the open ones, and keep the port."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._socket = _bound(self.host, self.port)
        self._drop_connections()

    async def stop(self) -> None:
        """Drop everything and end the application; takes at most about a second."""
        self.close()
        self._socket.close()
        tasks = list(self._state.tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=_STOP_S / 2)
        for task in tasks:
            task.cancel()
        if self._lifespan is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._lifespan.shutdown(), _STOP_S)

    def _protocol(self) -> asyncio.Protocol:
        assert self._config is not None  # noqa: S101 - start() comes before open()
        assert self._lifespan is not None  # noqa: S101 - same
        return EdgeProtocol(self._config, self._state, self._lifespan.state)

    def _drop_connections(self) -> None:
        for connection in list(self._state.connections):
            connection.transport.abort()


def _bound(host: str, port: int) -> socket.socket:
    # Without the explicit protocol asyncio leaves Nagle's algorithm on: 40 ms an answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # dropped connections linger
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
