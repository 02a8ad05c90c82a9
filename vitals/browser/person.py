"""One person of the environment file in a browser context of their own."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

from vitals.browser.answers import answer_of
from vitals.browser.errors import first_line
from vitals.browser.explain import explained

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Page, Route, WebSocket

    from vitals.browser.browsing import Tab
    from vitals.browser.deadline import Deadline
    from vitals.browser.recorder import Frame
    from vitals.environment import Environment, Identity
    from vitals.probe.account import Account
    from vitals.probe.api import Answer

_SESSION_KEY = "vendhub-auth"
_LOOK_MS = 250.0  # a page that reloads has another socket, which nobody announces to a waiter
_ACCESS, _REFRESH = "vendhub_access_token", "vendhub_refresh_token"


class Person:
    """A tab, what happened in it, and the person's session at the API once they are signed in.

    Args:
        name: manager, operator or owner.
        environment: where they are.
        tab: in a context of their own: cookies and storage of nobody else.
        deadline: of the step that goes on.
    """

    def __init__(
        self,
        name: str,
        environment: Environment,
        tab: Tab,
        deadline: Deadline,
    ) -> None:
        self.name = name
        self.context = tab.context
        self.recorder = tab.recorder
        self.page = tab.page
        self.deadline = deadline
        self.account: Account | None = None
        self.wait_ms: float = deadline.left_ms
        self._environment = environment

    @property
    def identity(self) -> Identity:
        """Who they are in the environment file."""
        return self._environment.identities[self.name]  # type: ignore[index]  # names come from IDENTITIES

    @property
    def full_name(self) -> str:
        """First and last name as the API's login answer has them; empty before that."""
        user = self.account.user if self.account else {}
        return " ".join(str(user.get(part) or "") for part in ("firstName", "lastName")).strip()

    @contextlib.contextmanager
    def expecting(self, what: str, *, within_ms: float | None = None) -> Iterator[None]:
        """Whatever is awaited in the block has the time that is left of the step.

        Args:
            what: what it is, as it reads behind "expected".
            within_ms: less time than is left.

        Raises:
            Finding: it did not come in time, or a page did not load.
            TabCrashedError: the page took its tab along.
            BrowserError: the browser is gone.
        """
        from playwright.sync_api import Error  # noqa: PLC0415 - only a run with a browser pays

        left = self.deadline.left_ms
        self.wait_ms = left if within_ms is None else min(within_ms, left)
        self.page.set_default_timeout(self.wait_ms)
        try:
            yield
        except Error as fault:
            began = self.deadline.began
            raise explained(what, fault, self.page, self.recorder, began) from None

    @contextlib.contextmanager
    def overhearing(self, path: str) -> Iterator[list[Answer]]:
        """What the API answers to POSTs of the page to a path; empty while there were none.

        A form that was saved leaves its page at once, and the browser forgets that page's answers.
        So the request passes through here on its way, headers, cookies, body and all.
        """
        from playwright.sync_api import Error  # noqa: PLC0415 - only a run with a browser pays

        place = (self._environment.target_url("web") or "") + path
        answers: list[Answer] = []

        def pass_on(route: Route) -> None:
            if route.request.method != "POST":
                route.continue_()
                return
            try:
                response = route.fetch(max_redirects=0, timeout=self.deadline.left_ms)
            except Error as fault:
                self.recorder.excuse(route.request, f"got no answer: {first_line(fault)}")
                answers.append(answer_of(None, first_line(fault)))
                route.abort()
                return
            answers.append(answer_of(response))
            route.fulfill(response=response)

        self.page.route(place, pass_on)
        try:
            yield answers
        finally:
            with contextlib.suppress(Error):
                self.page.unroute(place)

    def fetch(
        self,
        method: str,
        path: str,
        *,
        data: Mapping[str, Any] | None = None,
        multipart: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Ask the API as the person's pages do: through the web's own origin, with its cookies."""
        from playwright.sync_api import Error  # noqa: PLC0415 - only a run with a browser pays

        web = self._environment.target_url("web") or ""
        origin = self._environment.origin("web") or ""
        try:
            response = self.context.request.fetch(
                web + path,
                method=method,
                headers={"origin": origin},
                data=dict(data) if data is not None else None,
                multipart=dict(multipart) if multipart is not None else None,
                timeout=self.deadline.left_ms,
                max_redirects=0,
            )
        except Error as fault:
            return answer_of(None, f"{method} {path}: {first_line(fault)}")
        return answer_of(response)

    def wait_for_call(self, path: str, *, since: float | None = None, method: str = "GET") -> None:
        """The page has asked the API for a path in this step (or since then), and was answered.

        Raises:
            TimeoutError: it was not, by the end of the step.
        """
        began = self.deadline.began if since is None else since
        while not self.recorder.answered(path, began, method):
            self.context.wait_for_event("response", timeout=self.deadline.left_ms)

    def wait_for_frame(self, text: str, since: float) -> Frame:
        """A websocket brought a frame with this text since then; gives the first.

        Raises:
            TimeoutError: none did, within the page's default timeout.
        """
        from playwright.sync_api import Error, TimeoutError  # noqa: A004, PLC0415 - Playwright's own

        end = time.monotonic() + self.wait_ms / 1000
        while (frame := self.recorder.heard(text, since)) is None:
            left = (end - time.monotonic()) * 1000
            if left <= 0:
                raise TimeoutError(f"Timeout {self.wait_ms:.0f}ms exceeded: no frame with {text}")
            source: Page | WebSocket = self.page
            event = "websocket"
            if is_open := [s for s in self.recorder.sockets if not s.is_closed()]:
                source, event = is_open[-1], "framereceived"
            with contextlib.suppress(Error):  # a time-out, or a socket that closed: look again
                source.wait_for_event(event, timeout=min(left, _LOOK_MS))
        return frame

    def take_session(self, access_token: str, refresh_token: str, user: Mapping[str, Any]) -> None:
        """Be signed in at web and Mini App with a session that exists already."""
        urls = [u for t in ("web", "client") if (u := self._environment.target_url(t))]
        self.context.add_cookies(
            [
                {"name": name, "value": value, "url": url, "httpOnly": True}
                for url in urls
                for name, value in ((_ACCESS, access_token), (_REFRESH, refresh_token))
                if value
            ]
        )
        self.store_user(user)

    def store_user(self, user: Mapping[str, Any]) -> None:
        """Put into the browser's storage what VendHub's pages want besides the cookie (3.3)."""
        state = json.dumps({"state": {"user": dict(user), "isAuthenticated": True}, "version": 0})
        self.context.add_init_script(
            "if (location.protocol.startsWith('http')"  # a blank page has no storage
            f" && !localStorage.getItem({_SESSION_KEY!r}))"
            f" localStorage.setItem({_SESSION_KEY!r}, {json.dumps(state)});"
        )
