"""The whole API as one ASGI application: sockets, stored files, documentation, routes."""

import asyncio

from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from standin.api import routes, storage
from standin.api.call import Services
from standin.api.clock import Clock
from standin.api.database import Database
from standin.api.docs import Docs
from standin.api.endpoint import Endpoint
from standin.api.envelope import ApiError, failure, not_found, send_answer
from standin.api.metrics import Metrics
from standin.api.security import headers_for
from standin.api.seed import seed
from standin.api.sockets import Sockets
from standin.api.throttle import BLOCKED, Throttles, blocked_headers
from standin.api.tokens import Tokens
from standin.faults import Faults
from standin.settings import Settings


def create_api(settings: Settings, faults: Faults) -> ASGIApp:
    """Build the API with a fresh, seeded database in the settings' data directory."""
    clock = Clock(settings, faults)
    database = Database(settings.data_dir / "standin.sqlite")
    seed(database, clock, settings.bcrypt_rounds)
    database.obey(faults)
    tokens = Tokens(settings, clock, database, faults)
    services = Services(
        settings=settings,
        faults=faults,
        clock=clock,
        database=database,
        throttles=Throttles(),
        metrics=Metrics(settings, clock),
        tokens=tokens,
        sockets=Sockets(settings, faults, clock, database, tokens),
    )
    return _Api(services)


class _Api:
    def __init__(self, services: Services) -> None:
        self._services = services
        table = [
            Route(
                f"{routes.PREFIX}{path}",
                Endpoint(services, method, _template(path), handler, role, status),
                methods=[method],
            )
            for method, path, handler, role, status in routes.rows()
        ]
        self._docs = Docs(services, table)
        # A wrong method has to be 404 and not 405, so a last route takes all that is left.
        nowhere = Route("/{path:path}", _Nowhere(services), methods=None)
        self._router = Router([*table, nowhere], redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        path = scope["path"]
        if path == "/socket.io" or path.startswith("/socket.io/"):
            await self._services.sockets(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        elif path.startswith(storage.PUBLIC_PREFIX):
            await storage.serve(self._services.settings, scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        services = self._services
        faults = services.faults
        extra = headers_for(scope, services.settings, faults)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] += extra
            await send(message)

        if faults.on("api-slow"):
            await asyncio.sleep(float(faults.value("api-slow")))
        if scope["method"] == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": extra})
            await send({"type": "http.response.body", "body": b""})
        elif faults.on("throttle-storm") or faults.on("api-throttles"):
            answer = failure(ApiError(429, BLOCKED), scope, services.clock, faults)
            await send_answer(send_with_headers, answer, blocked_headers("short", 1.0))
        elif Docs.has(scope["path"]) and scope["method"] in {"GET", "HEAD"}:
            await send_answer(send_with_headers, self._docs.answer(scope), [])
        else:
            await self._router(scope, receive, send_with_headers)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._services.sockets.close()
        self._services.database.close()
        await send({"type": "lifespan.shutdown.complete"})


class _Nowhere:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        answer = failure(not_found(scope), scope, self._services.clock, self._services.faults)
        await send_answer(send, answer, [])


def _template(path: str) -> str:
    """Write a route as the metrics do: `/api/v1/tasks/:id`."""
    return f"{routes.PREFIX}{path}".replace("{key:path}", ":key").replace("{id}", ":id")
