"""A real Chromium that visits the stand-in: people with a language and a session of their own."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    WebSocket,
    expect,
    sync_playwright,
)
from standin_visitor import Visitor, init_data

WAIT_MS = 5000
# An image of three bytes a pixel that no other test sends.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415408d763606060000000040001c83d8c2c0000000049454e44ae426082"
)

_COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]
# What a test needs of Telegram's script: it reads the page's fragment.
_TELEGRAM = """
window.Telegram = { WebApp: {
  initData: new URLSearchParams(location.hash.slice(1)).get("tgWebAppData") ?? "",
  ready() {},
} };
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run one browser; nothing else of this thread may run an event loop meanwhile."""
    found = next(filter(None, map(shutil.which, _COMMANDS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_ARGUMENTS)
        yield browser
        browser.close()


def row(page: Page, text: str) -> Locator:
    """Return the row of a list that has this text."""
    return page.get_by_role("listitem").filter(has_text=text)


@dataclass
class Guest:
    """A person at a page of the stand-in, and what the page has complained of."""

    ready: dict[str, Any]
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    def sign_in(self, email: str) -> None:
        """Get a session past the pages: the cookie on the web's origin, and nothing else."""
        visitor = Visitor(self.ready)
        self.take_session("vendhub_access_token", visitor.login(email).token)
        visitor.close()

    def take_session(self, name: str, value: str) -> None:
        self.context.add_cookies([{"name": name, "value": value, "url": self.ready["web"]}])

    def go(self, path: str) -> Page:
        """Open a page of the web and wait until it is there."""
        self.page.goto(self.ready["web"] + path)
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        return self.page

    def go_live(self, path: str) -> Page:
        """Open a page of the web and wait until it hears events."""
        page = self.go(path)
        expect(page.get_by_role("status", name="Обновления")).to_have_text("вживую")
        return page

    def open_app(self, telegram_id: int = 0, **how: Any) -> Page:
        """Open the Mini App as Telegram does; without an id as anybody else would."""
        signed = quote(init_data(telegram_id, self.ready["bot_token"], **how), safe="")
        self.page.goto(f"{self.ready['client']}/" + f"#tgWebAppData={signed}" * bool(telegram_id))
        expect(self.page.locator("#loading")).to_have_count(0)
        return self.page

    def heard(self, name: str) -> list[dict[str, Any]]:
        """The data of all events of a name that have come to the page."""
        events = [json.loads(text[text.index("[") :]) for text in self.frames if text[:2] == "42"]
        return [data for event, data in events if event == name]


@contextmanager
def guest(
    browser: Browser, ready: dict[str, Any], email: str = "", locale: str = "ru", width: int = 1280
) -> Iterator[Guest]:
    """Give a browser context of its own; nothing outside this machine is reached."""
    context = browser.new_context(
        ignore_https_errors=True, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    context.set_default_timeout(WAIT_MS)
    context.route("https://telegram.org/**", lambda route: route.fulfill(
        content_type="text/javascript", body=_TELEGRAM
    ))  # fmt: skip
    for origin in (ready["web"], ready["client"]):
        context.add_cookies([{"name": "locale", "value": locale, "url": origin}])
    page = context.new_page()
    person = Guest(ready, context, page)
    page.on("pageerror", lambda error: person.complaints.append(str(error)))
    page.on("console", lambda message: (
        person.complaints.append(message.text) if message.type == "error" else None
    ))  # fmt: skip
    page.on("request", lambda request: person.sent.append(f"{request.method} {request.url}"))

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: person.frames.append(str(frame)))

    page.on("websocket", listen)
    try:
        if email:
            person.sign_in(email)
        yield person
    finally:
        context.close()
