"""The headers that every answer of the admin web carries (facts 1.4)."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from standin.settings import Settings

_ALWAYS = {
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "origin-when-cross-origin",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
_LOOSE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; "
    "form-action 'self'; object-src 'none'"
)


def with_headers(app: ASGIApp, added: dict[str, str]) -> ASGIApp:
    """Add headers to every answer of `app` that does not set them itself."""

    async def adding(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_added(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in added.items():
                    headers.setdefault(name, value)
            await send(message)

        await app(scope, receive, send_added)

    return adding


def headers_of_web(settings: Settings) -> dict[str, str]:
    """Return the web's security headers; the complete profile's policy is a strict one."""
    if not settings.is_complete:
        policy = {"content-security-policy": _LOOSE_POLICY, "x-powered-by": "Next.js"}
        return {**_ALWAYS, **policy}
    api = settings.api_origin
    sockets = api.replace("http", "ws", 1)
    policy_text = (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src 'self' data: {api}; connect-src 'self' {sockets}; frame-ancestors 'none'; "
        "base-uri 'none'; form-action 'self'"
    )
    return {**_ALWAYS, "content-security-policy": policy_text}
