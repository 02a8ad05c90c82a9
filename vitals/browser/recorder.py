"""What happened in a browser context: requests, frames, complaints, in the order they came.

Times are seconds of the monotonic clock at which this process heard of something.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import (
        BrowserContext,
        ConsoleMessage,
        Page,
        Request,
        Response,
        WebError,
        WebSocket,
    )

_KEPT = 400
_TEXT = 300
_PARTS_OF_PAGES = ("document", "script", "stylesheet")
_ERRORS = 400
_GIVEN_UP = "ERR_ABORTED"
"""Chromium says so when a page leaves, and also of scripts that are none: those were answered."""


@dataclass(slots=True, eq=False)
class Exchange:
    """One request of a page and what came of it; `status` is None until it is answered."""

    request: Request
    method: str
    url: str
    kind: str
    at: float
    status: int | None = None
    failure: str = ""
    ended: float | None = None
    response: Response | None = None

    @property
    def path(self) -> str:
        """The path of its URL, without what may be private in a query."""
        return urlsplit(self.url).path

    @property
    def is_bad(self) -> bool:
        """Whether it failed, or was answered with an error; not when the page gave it up."""
        if self.status is None and self.was_given_up:
            return False
        return bool(self.failure) or (self.status or 0) >= _ERRORS

    @property
    def was_given_up(self) -> bool:
        """Whether the browser ended it itself, as it does when the page goes on to another."""
        return _GIVEN_UP in self.failure

    @property
    def is_part_of_a_page(self) -> bool:
        """Whether a page cannot work without it."""
        return self.kind in _PARTS_OF_PAGES

    def told(self, now: float) -> str:
        """One line: what was asked, what came, how long it took."""
        took = (self.ended if self.ended is not None else now) - self.at
        came = self.failure or "has no answer yet"
        if self.status is not None and (self.status >= _ERRORS or not self.failure):
            came = f"answered {self.status}"
        return f"{self.method} {self.path} {came} ({took:.1f} s)"


@dataclass(frozen=True, slots=True)
class Frame:
    """A text frame that a websocket brought to a page."""

    at: float
    url: str
    text: str


@dataclass  # without slots: Playwright notes its listeners on the object
class Recorder:
    """Listens to one context from its beginning; call `listen` once, before any page is opened."""

    exchanges: list[Exchange] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    sockets: list[WebSocket] = field(default_factory=list)
    complaints: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=_KEPT))
    events: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=_KEPT))
    crashed: bool = False
    _by_request: dict[Request, Exchange] = field(default_factory=dict)

    def listen(self, context: BrowserContext) -> None:
        """Begin to record."""
        context.on("request", self._requested)
        context.on("response", self._answered)
        context.on("requestfinished", self._finished)
        context.on("requestfailed", self._failed)
        context.on("console", self._said)
        context.on("weberror", self._thrown)
        context.on("page", self._opened)

    def calls(self, path: str, since: float = 0.0, method: str = "GET") -> list[Exchange]:
        """The requests of a method below the API's prefix, by path, that began since then."""
        return [
            one
            for one in self.exchanges
            if one.method == method and one.at >= since and one.path.endswith(f"/api/v1{path}")
        ]

    def answered(self, path: str, since: float, method: str = "GET") -> list[Exchange]:
        """Those of them that came to an end, except by the page's own giving them up."""
        return [c for c in self.calls(path, since, method) if c.ended and not c.was_given_up]

    def heard(self, text: str, since: float) -> Frame | None:
        """The first frame since then that holds a text."""
        return next((f for f in self.frames if f.at >= since and text in f.text), None)

    def bad_parts(self, since: float) -> Iterator[Exchange]:
        """Scripts, styles and documents that did not come, nor at a later try, since then."""
        parts = [e for e in self.exchanges if e.at >= since and e.is_part_of_a_page]
        last = {e.url: e for e in parts}
        return (e for e in last.values() if e.is_bad)

    def bad_calls(self, since: float) -> list[Exchange]:
        """Calls of the API that failed or were answered with an error, since then.

        Not those that the browser gave up itself because the page went on to another.
        """
        calls = [e for e in self.exchanges if e.at >= since and "/api/v1/" in e.url and e.is_bad]
        return [call for call in calls if not call.was_given_up]

    def open_calls(self, since: float) -> list[Exchange]:
        """Calls of the API that have no answer yet."""
        return [
            e
            for e in self.exchanges
            if e.at >= since and "/api/v1/" in e.url and e.status is None and not e.failure
        ]

    def slowest(self, since: float) -> str:
        """The request since then that took longest, in words; empty without any."""
        done = [e for e in self.exchanges if e.at >= since and e.ended is not None]
        slow = max(done, key=lambda e: (e.ended or 0.0) - e.at, default=None)
        return slow.told(time.monotonic()) if slow else ""

    def told(self, since: float, last: int = 12) -> list[str]:
        """The last events since then, a line each, with seconds since then."""
        happened = [(at, words) for at, words in self.events if at >= since]
        return [f"{at - since:6.2f} s  {words}" for at, words in happened[-last:]]

    def was_used(self, since: float) -> bool:
        """Whether anything happened since then."""
        return bool(self.events and self.events[-1][0] >= since)

    def excuse(self, request: Request, why: str) -> None:
        """Say why a request will fail, which the browser itself cannot know."""
        if exchange := self._by_request.get(request):
            exchange.failure = why

    def _note(self, words: str, *, is_complaint: bool = False) -> None:
        now, text = time.monotonic(), words[:_TEXT]
        self.events.append((now, text))
        if is_complaint:
            self.complaints.append((now, text))

    def _requested(self, request: Request) -> None:
        exchange = Exchange(
            request, request.method, request.url, request.resource_type, time.monotonic()
        )
        self.exchanges.append(exchange)
        self._by_request[request] = exchange

    def _answered(self, response: Response) -> None:
        exchange = self._by_request.get(response.request)
        if exchange is None:
            return
        exchange.status, exchange.response = response.status, response
        exchange.ended = time.monotonic()
        self._note(exchange.told(exchange.ended), is_complaint=exchange.is_bad)

    def _finished(self, request: Request) -> None:
        if exchange := self._by_request.pop(request, None):
            exchange.ended = time.monotonic()

    def _failed(self, request: Request) -> None:
        if exchange := self._by_request.pop(request, None):
            failure = request.failure or "no reason given"
            exchange.failure = exchange.failure or f"failed: {failure}"
            exchange.ended = time.monotonic()
            self._note(exchange.told(exchange.ended), is_complaint=True)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            words = f"console {message.type}: {message.text}"
            self._note(words, is_complaint=message.type == "error")

    def _thrown(self, error: WebError) -> None:
        self._note(f"script error: {error.error}", is_complaint=True)

    def _opened(self, page: Page) -> None:
        page.on("crash", self._crashed)
        page.on("websocket", self._connected)

    def _crashed(self, _: Page) -> None:
        self.crashed = True
        self._note("the tab crashed", is_complaint=True)

    def _connected(self, socket: WebSocket) -> None:
        self.sockets.append(socket)
        self._note(f"websocket to {urlsplit(socket.url).netloc} opens")
        socket.on("framereceived", lambda payload: self._took(socket.url, payload))
        socket.on("socketerror", self._refused)
        socket.on("close", lambda _: self._note("websocket closed"))

    def _refused(self, error: str) -> None:
        self._note(f"websocket error: {error}", is_complaint=True)

    def _took(self, url: str, payload: str | bytes) -> None:
        text = payload if isinstance(payload, str) else payload.decode("utf-8", "replace")
        self.frames.append(Frame(time.monotonic(), url, text))
