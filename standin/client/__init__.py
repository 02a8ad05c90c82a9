"""The Mini App: one page on its own origin, which Telegram opens, and its proxy to the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from standin.faults import Faults
from standin.settings import Settings
from standin.web.build import Build, Layout
from standin.web.headers import with_headers
from standin.web.proxy import METHODS, Proxy

_LAYOUT = Layout(scripts="/assets/{stem}-{hash}.js", styles="/assets/{stem}-{hash}.css")
_TELEGRAM = "https://telegram.org"
_TELEGRAM_SCRIPT = f'<script src="{_TELEGRAM}/js/telegram-web-app.js" defer></script>'
_PAGE_CACHING = "no-cache"
_ASSET_CACHING = "public, max-age=31536000, immutable"


def create_client(settings: Settings, faults: Faults, api_url: str) -> ASGIApp:
    """Make the Mini App; `api_url` is the API's origin that its proxy passes calls to."""
    proxy = Proxy(api_url)
    build = Build(Path(__file__).parent, _LAYOUT, settings.version)

    async def index(request: Request) -> Response:
        # VendHub-OS loads no script of Telegram's, and its policy would block it (facts 3.1).
        is_loaded = settings.is_complete and not faults.on("telegram-script-missing")
        values = {"telegram": _TELEGRAM_SCRIPT if is_loaded else "", "profile": settings.profile}
        page = build.page("index", request.cookies.get("locale", ""), values)
        return HTMLResponse(page, headers={"cache-control": _PAGE_CACHING})

    async def api(request: Request) -> Response:
        return await proxy(request)

    async def asset(request: Request) -> Response:
        found = build.assets.get(request.url.path)
        if found is None:
            return Response("Not found", status_code=404, media_type="text/plain")
        headers = {"cache-control": _ASSET_CACHING}
        return Response(found.body, media_type=found.content_type, headers=headers)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await proxy.close()

    app = Starlette(
        routes=[
            Route("/", index),
            Route("/assets/{path:path}", asset),
            Route("/api/v1/{path:path}", api, methods=METHODS),
        ],
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return with_headers(app, _headers(settings))


def _headers(settings: Settings) -> dict[str, str]:
    """Telegram's web clients show a Mini App in a frame, so framing is open to them alone."""
    scripts = f"'self' {_TELEGRAM}" if settings.is_complete else "'self'"
    return {
        "content-security-policy": (
            f"default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data:; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'self' https://web.telegram.org"
        ),
        "x-content-type-options": "nosniff",
        "referrer-policy": "strict-origin-when-cross-origin",
        "strict-transport-security": "max-age=31536000; includeSubDomains",
    }
