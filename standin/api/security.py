"""What stands before every handler: security headers, CORS and the CSRF guard (facts 1.4, 1.5)."""

from urllib.parse import urlsplit

from starlette.types import Scope

from standin.api.envelope import ApiError, Headers, header
from standin.faults import Faults
from standin.settings import Settings

SECURITY_HEADERS: Headers = [
    (
        b"Content-Security-Policy",
        (
            b"default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';"
            b"frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self';"
            b"script-src-attr 'none';style-src 'self' https: 'unsafe-inline';"
            b"upgrade-insecure-requests"
        ),
    ),
    (b"Cross-Origin-Opener-Policy", b"same-origin"),
    (b"Cross-Origin-Resource-Policy", b"same-origin"),
    (b"Origin-Agent-Cluster", b"?1"),
    (b"Referrer-Policy", b"strict-origin-when-cross-origin"),
    (b"Strict-Transport-Security", b"max-age=31536000; includeSubDomains; preload"),
    (b"X-Content-Type-Options", b"nosniff"),
    (b"X-DNS-Prefetch-Control", b"off"),
    (b"X-Download-Options", b"noopen"),
    (b"X-Frame-Options", b"DENY"),
    (b"X-Permitted-Cross-Domain-Policies", b"none"),
    (b"X-XSS-Protection", b"0"),
]

_MUTATIONS = {"POST", "PUT", "PATCH", "DELETE"}
_ALWAYS: Headers = [(b"Vary", b"Origin"), (b"Access-Control-Allow-Credentials", b"true")]
_EXPOSED: Headers = [(b"Access-Control-Expose-Headers", b"X-Request-Id")]
_PREFLIGHT: Headers = [
    (b"Access-Control-Allow-Methods", b"GET,POST,PUT,PATCH,DELETE,OPTIONS"),
    (
        b"Access-Control-Allow-Headers",
        (
            b"Content-Type,Authorization,X-Requested-With,X-Request-Id,X-Organization-Id,"
            b"Accept-Language"
        ),
    ),
    (b"Access-Control-Max-Age", b"86400"),
    (b"Content-Length", b"0"),
]


def headers_for(scope: Scope, settings: Settings, faults: Faults) -> Headers:
    """Return the headers that every answer of the API carries, whatever its status."""
    headers: Headers = [] if faults.on("headers-lost") else list(SECURITY_HEADERS)
    headers += _ALWAYS
    origin = header(scope, b"origin")
    is_allowed = origin in settings.allowed_origins and not faults.on("cors-lost")
    if origin and (is_allowed or faults.on("cors-open")):
        headers.append((b"Access-Control-Allow-Origin", origin.encode("latin-1")))
    headers += _PREFLIGHT if scope["method"] == "OPTIONS" else _EXPOSED
    return headers


def guard_against_forgery(scope: Scope, settings: Settings) -> None:
    """Let a mutation without a bearer pass only from a known origin; raises ApiError 403."""
    if scope["method"] not in _MUTATIONS or header(scope, b"x-api-key"):
        return
    if header(scope, b"authorization").startswith("Bearer "):
        return
    if origin := header(scope, b"origin"):
        if origin not in settings.allowed_origins:
            raise ApiError(403, "Invalid origin")
        return
    if referer := header(scope, b"referer"):
        parts = urlsplit(referer)
        if f"{parts.scheme}://{parts.netloc}" not in settings.allowed_origins:
            raise ApiError(403, "Invalid referer")
        return
    raise ApiError(403, "Origin verification failed")
