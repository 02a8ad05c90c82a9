"""A server in front of an API: it notes every request, and answers some of them itself."""

from __future__ import annotations

import http.client
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE_S = 10.0
_KEPT_BACK = {"host", "connection", "content-length", "transfer-encoding", "date", "server"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request and its answer; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int = 0
    answer: bytes = b""

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object that was answered."""
        found: dict[str, Any] = json.loads(self.answer)
        return found


@dataclass(kw_only=True)
class RecordedApi:
    """What went through.

    Attributes:
        url: where the server listens.
        seen: every request that was answered, in order.
        canned: status, headers and body to answer with, by path; the rest is handed on.
        held: answers that wait for an event, by path.
    """

    url: str = ""
    caller: str
    behind: str
    seen: list[Seen] = field(default_factory=list)
    came: list[str] = field(default_factory=list)
    canned: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    held: dict[str, Event] = field(default_factory=dict)
    changed: Condition = field(default_factory=Condition)

    def paths(self) -> list[str]:
        """The paths of what was answered."""
        return [one.path for one in self.seen]

    def to(self, path: str) -> list[Seen]:
        """The requests to a path."""
        return [one for one in self.seen if one.path == path]

    def can(self, path: str, status: int, document: object, **headers: str) -> None:
        """Answer a path with a JSON document from now on."""
        kind = {"content-type": "application/json"}
        self.canned[path] = (status, {**kind, **headers}, json.dumps(document).encode())

    def wait_for(self, path: str) -> None:
        """Wait until a request to a path has come, answered or not."""
        with self.changed:
            assert self.changed.wait_for(lambda: path in self.came, _PATIENCE_S), path


@contextmanager
def recorded_api(behind: str, *, caller: str = "10.99.0.1") -> Iterator[RecordedApi]:
    """A recording server on a free port of this machine.

    Args:
        behind: the URL of the API that answers; plain http.
        caller: the address that the API is told to count rate limits and lockouts for.
    """
    api = RecordedApi(behind=behind, caller=caller)

    class Handler(_Handler):
        recorded = api

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield api
    finally:
        for event in api.held.values():
            event.set()
        server.shutdown()
        server.server_close()
        thread.join()


def ask_with(url: str, token: str) -> tuple[int, str]:
    """Status and message of an API's answer to who the bearer of a token is."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        connection.request("GET", "/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()).get("message", "")
    finally:
        connection.close()


def token_of(api: RecordedApi, path: str) -> str:
    """The access token that the one login by a path was answered."""
    (login,) = api.to(path)
    return str(login.document["data"]["accessToken"])


class _Handler(BaseHTTPRequestHandler):
    recorded: RecordedApi
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        api = self.recorded
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        sent = {name.lower(): value for name, value in self.headers.items()}
        with api.changed:
            api.came.append(self.path)
            api.changed.notify_all()
        if self.path in api.held:
            api.held[self.path].wait(_PATIENCE_S)
        status, headers, answer = api.canned.get(self.path) or self._asked(body)
        api.seen.append(
            Seen(
                method=self.command,
                path=self.path,
                headers=sent,
                body=body,
                status=status,
                answer=answer,
            )
        )
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET  # noqa: N815 - the name that the base class looks for

    def _asked(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _KEPT_BACK}
        headers |= {"x-forwarded-for": self.recorded.caller, "accept-encoding": "identity"}
        behind = http.client.HTTPConnection(urlsplit(self.recorded.behind).netloc, timeout=5)
        try:
            behind.request(self.command, self.path, body or None, headers)
            answer = behind.getresponse()
            kept = {k: v for k, v in answer.getheaders() if k.lower() not in _KEPT_BACK}
            return answer.status, kept, answer.read()
        finally:
            behind.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass
