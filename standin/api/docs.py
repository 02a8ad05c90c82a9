"""The API's documentation outside /api/v1, and who may read it (facts 1.2)."""

import json
from typing import Any

from starlette.routing import Route
from starlette.types import Scope

from standin.api.call import Call, Services
from standin.api.envelope import HTML_TYPE, JSON_TYPE, Answer, ApiError
from standin.api.tokens import bearer

SWAGGER_COOKIE = "swagger_session"
YAML_TYPE = "text/yaml; charset=utf-8"

_PAGE = b"<!DOCTYPE html>\n<html lang=en><title>Swagger UI</title><h1>VendHub API</h1></html>\n"
_REFUSED = (
    b"<!DOCTYPE html>\n<html lang=en><title>Sign in</title>"
    b"<h1>Documentation is for owners</h1></html>\n"
)
_COOKIE_SECONDS = 8 * 3600
_SCHEMAS = 1700
"""So many schemas make the document as heavy as VendHub-OS's (~942 kB)."""


class Docs:
    """The three documents; the machine-readable ones are built when first asked for.

    VendHub-OS guards only the page; the complete profile guards all three.
    """

    def __init__(self, services: Services, routes: list[Route]) -> None:
        self._services = services
        self._routes = routes
        self._document: dict[str, Any] = {}

    @staticmethod
    def has(path: str) -> bool:
        """Whether a path belongs to the documentation."""
        return path in {"/docs", "/docs-json", "/docs-yaml"} or path.startswith("/docs/")

    def answer(self, scope: Scope) -> Answer:
        """Answer a GET; without an owner's token a guarded document is 401 text/html."""
        call = Call(self._services, scope, _nothing)
        path = scope["path"]
        is_page = path == "/docs" or path.startswith("/docs/")
        if is_page or self._services.settings.is_complete:
            refusal = self._refusal(call, is_page=is_page)
            if refusal is not None:
                return refusal
        if is_page:
            return Answer(_PAGE, HTML_TYPE)
        document = self._openapi()
        if path == "/docs-json":
            return Answer(_json(document), JSON_TYPE)
        # A flow mapping under block keys is YAML, and needs no YAML library.
        lines = (b"%s: %s\n" % (key.encode(), _json(part)) for key, part in document.items())
        return Answer(b"".join(lines), YAML_TYPE)

    def _refusal(self, call: Call, *, is_page: bool) -> Answer | None:
        if self._services.faults.on("docs-exposed"):
            return None
        in_query = call.query.get("token", "")
        token = call.cookie(SWAGGER_COOKIE) or bearer(call.header(b"authorization")) or in_query
        try:
            user = self._services.tokens.user_by(token)
        except ApiError:
            user = None
        if user is None or not user.is_owner:
            return Answer(_REFUSED, HTML_TYPE, 401)
        if not (is_page and in_query):
            return None
        session = self._services.tokens.swagger_token(user)
        cookie = f"{SWAGGER_COOKIE}={session}; Max-Age={_COOKIE_SECONDS}; Path=/docs; HttpOnly"
        # VendHub-OS forgets that its guard is mounted under /docs.
        target = b"/docs" if self._services.settings.is_complete else b"/"
        return Answer(
            b"", HTML_TYPE, 302, [(b"Location", target), (b"Set-Cookie", cookie.encode())]
        )

    def _openapi(self) -> dict[str, Any]:
        if not self._document:
            version = self._services.settings.shown_version
            paths: dict[str, Any] = {}
            for route in self._routes:
                for method in sorted((route.methods or set()) - {"HEAD"}):
                    operation = {"responses": {"200": {"description": "Success"}}}
                    paths.setdefault(route.path, {})[method.lower()] = operation
            self._document = {
                "openapi": "3.0.0",
                "info": {"title": "VendHub API", "version": version},
                "paths": paths,
                "components": {
                    "schemas": {f"Schema{n:04d}": _schema(n) for n in range(1, _SCHEMAS + 1)}
                },
            }
        return self._document


def _schema(number: int) -> dict[str, Any]:
    names = ("id", "organizationId", "name", "status", "createdAt", "updatedAt")
    properties = {
        name: {"type": "string", "description": f"{name} of entity {number}", "nullable": False}
        for name in names
    }
    return {"type": "object", "properties": properties, "required": ["id"]}


def _json(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


async def _nothing() -> dict[str, Any]:
    return {"type": "http.disconnect"}
