"""The admin web: pages, scripts and styles on its own origin, and its proxy to the API."""

import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from standin.edge import ELSEWHERE
from standin.faults import Faults
from standin.settings import Settings
from standin.web.build import Asset, Build
from standin.web.headers import headers_of_web, with_headers
from standin.web.pages import new_build, rendered
from standin.web.proxy import METHODS, Proxy

SESSION_COOKIE = "vendhub_access_token"

_PAGE_CACHING = "private, no-cache, no-store, max-age=0, must-revalidate"
_ASSET_CACHING = "public, max-age=31536000, immutable"


def create_web(settings: Settings, faults: Faults, api_url: str) -> ASGIApp:
    """Make the admin web; `api_url` is the API's origin that its proxy was built for."""
    web = _Web(settings, faults, api_url)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await web.proxy.close()

    routes = [
        Route("/", web.home),
        Route("/auth", web.auth),
        Route("/dashboard", web.guarded("dashboard")),
        Route("/dashboard/tasks", web.guarded("tasks")),
        Route("/dashboard/tasks/new", web.guarded("task_new")),
        Route("/dashboard/tasks/{id}", web.guarded("task")),
        Route("/_next/static/{path:path}", web.asset),
        Route("/api/v1/{path:path}", web.api, methods=METHODS),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.add_exception_handler(404, web.not_found)
    app.router.redirect_slashes = False
    return with_headers(app, headers_of_web(settings))


class _Web:
    def __init__(self, settings: Settings, faults: Faults, api_url: str) -> None:
        self.proxy = Proxy(api_url)
        self._settings = settings
        self._faults = faults
        self._current = new_build(settings.version)
        self._previous = new_build(f"before {settings.version}")

    @property
    def _build(self) -> Build:
        return self._previous if self._faults.on("web-old-build") else self._current

    async def home(self, request: Request) -> Response:
        return self._page(request, "home")

    async def auth(self, request: Request) -> Response:
        if self._faults.on("web-wrong-page"):
            return self._page(request, "another")
        if not self._settings.is_complete and SESSION_COOKIE in request.cookies:
            return RedirectResponse("/dashboard", status_code=307)
        return self._page(request, "auth")

    def guarded(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        """Answer a page only to who has the session's cookie, whatever it is worth."""

        async def page(request: Request) -> Response:
            if self._faults.on("dashboard-away"):
                return RedirectResponse(ELSEWHERE, status_code=307)
            if SESSION_COOKIE in request.cookies or self._faults.on("dashboard-open"):
                return self._page(request, name)
            back = quote(request.url.path, safe="")
            return RedirectResponse(f"/auth?redirect={back}", status_code=307)

        return page

    async def asset(self, request: Request) -> Response:
        asset = self._build.assets.get(request.url.path)
        if asset is None:
            return self._page(request, "not-found", status=404)
        return self._faulty(request, asset) or Response(
            asset.body,
            media_type=asset.content_type,
            headers={"cache-control": _ASSET_CACHING},
        )

    def _faulty(self, request: Request, asset: Asset) -> Response | None:
        # The login page's own script only: whoever looks at the first script alone misses it.
        if asset.role == "auth" and self._faults.on("web-script-missing"):
            return self._page(request, "not-found", status=404)
        if asset.role == "auth" and self._faults.on("web-script-is-page"):
            return self._page(request, "auth")
        if asset.role == "style" and self._faults.on("web-style-wrong-type"):
            return HTMLResponse(asset.body, headers={"cache-control": _ASSET_CACHING})
        if asset.role == "tasks" and self._faults.on("tasks-script-missing"):
            return self._page(request, "not-found", status=404)
        return None

    async def api(self, request: Request) -> Response:
        if self._faults.on("web-wrong-api"):
            return HTMLResponse("<html><h1>502 Bad Gateway</h1></html>", status_code=502)
        answer = await self.proxy(request)
        is_version = request.url.path == "/api/v1/health/version"
        if is_version and self._faults.on("web-other-api"):
            return await self._other_api(answer)
        return answer

    async def _other_api(self, answer: Response) -> Response:
        if not isinstance(answer, StreamingResponse) or answer.status_code != HTTPStatus.OK:
            return answer
        body = b"".join([bytes(chunk) async for chunk in answer.body_iterator])  # type: ignore[arg-type]
        try:
            document = json.loads(body)
            document["data"]["environment"] = self._faults.value("web-other-api")
        except (ValueError, KeyError, TypeError):
            return Response(body, headers=answer.headers)  # another fault has the word
        headers = answer.headers
        del headers["content-length"]
        return Response(json.dumps(document).encode(), headers=headers)

    async def not_found(self, request: Request, _: Exception) -> Response:
        return self._page(request, "not-found", status=404)

    def _page(self, request: Request, name: str, status: int = 200) -> Response:
        language = request.cookies.get("locale", "")
        return HTMLResponse(
            rendered(self._build, name, language, self._settings, self._faults),
            status_code=status,
            headers={"cache-control": _PAGE_CACHING, "x-request-id": str(uuid.uuid4())},
        )
