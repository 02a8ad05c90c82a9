"""The web's own way to its API: a streaming reverse proxy."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from standin.edge import TRANSPORT

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

_HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
_TIMEOUT_S = {"connect": 5.0, "read": 30.0, "write": 30.0, "pool": 30.0}
_NOTICE_S = 0.05  # until the server has noticed that the connection is gone


class Proxy:
    """Passes requests to the API as they came, and its answers back as they come."""

    def __init__(self, api_url: str) -> None:
        self._api = httpx.URL(api_url)
        self._client = httpx.AsyncClient(
            verify=_trusting_context(),
            trust_env=False,
            follow_redirects=False,
            # Shorter than the API keeps one: none is used in the moment in which it is closed.
            limits=httpx.Limits(keepalive_expiry=2.0),
        )

    async def close(self) -> None:
        """Close the connections to the API."""
        await self._client.aclose()

    async def __call__(self, request: Request) -> Response:
        """Answer as the API does, or with 500 when the API gives no answer."""
        try:
            answer = await self._client.send(self._onward(request), stream=True)
        except httpx.TransportError:
            return PlainTextResponse("Internal Server Error", status_code=500)
        passing = StreamingResponse(_body(answer, request), status_code=answer.status_code)
        passing.raw_headers = [
            (name.lower(), value)
            for name, value in answer.headers.raw
            if name.lower() not in _HOP_BY_HOP
        ]
        return passing

    def _onward(self, request: Request) -> httpx.Request:
        # Not made by the client, which would add headers of its own.
        headers = [
            (name, value)
            for name, value in request.headers.raw
            if name not in _HOP_BY_HOP and name not in {b"host", b"x-forwarded-for"}
        ]
        hops = request.headers.getlist("x-forwarded-for")
        if request.client is not None:
            hops.append(request.client.host)
        headers.append((b"x-forwarded-for", ", ".join(hops).encode("latin-1")))
        target: bytes = request.scope["raw_path"]
        if request.scope["query_string"]:
            target += b"?" + request.scope["query_string"]
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        return httpx.Request(
            request.method,
            self._api.copy_with(raw_path=target),
            headers=headers,
            content=request.stream() if has_body else None,
            extensions={"timeout": _TIMEOUT_S},
        )


async def _body(answer: httpx.Response, request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    except httpx.TransportError:
        # The API broke off in mid-body; the only honest answer left is to break off as well.
        request.scope["extensions"][TRANSPORT].abort()
        await asyncio.sleep(_NOTICE_S)
    finally:
        await answer.aclose()


def _trusting_context() -> ssl.SSLContext:
    # The certificate faults are meant for those who come from outside, not for this hop.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
