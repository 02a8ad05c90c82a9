"""The smoke path as a bare script of Playwright: what a browser needs for it, and nothing more.

`python -m benchmarks._bare_path READY` walks the six steps once against a stand-in with TLS, whose
READY line is in the file READY, and prints the seconds of its parts as JSON. It shares no code with
the suite: no pytest, no record, no pictures, no traces, no requests beside those of the path.
Whatever does not come as expected ends it with a traceback.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import struct
import sys
import time
import zlib
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import APIResponse, Response

WAIT_MS = 15_000
_CREATED = 201
_COMMANDS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
)
_ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]
_CALLS = (
    "/analytics/dashboard",
    "/orders/stats",
    "/orders",
    "/analytics/daily",
    "/machines",
    "/analytics/top-products",
    "/alerts",
)
_TELEGRAM = """
(() => {
  const given = new URLSearchParams(location.hash.slice(1));
  const nothing = () => {};
  window.Telegram = { WebApp: {
    initData: given.get("tgWebAppData") ?? "", initDataUnsafe: {}, version: "8.0",
    platform: "unknown", ready: nothing, expand: nothing, onEvent: nothing, offEvent: nothing,
  } };
})();
"""


class UnexpectedError(Exception):
    """The stand-in did not do what the path expects."""


def expect(holds: object, what: str) -> None:
    """Go on only if something holds."""
    if not holds:
        raise UnexpectedError(what)


def signed(ready: dict[str, Any]) -> str:
    """Init data of the operator, as Telegram signs it for the bot."""
    user = {"id": ready["identities"]["operator"]["telegram_id"], "first_name": "Bare"}
    fields = {
        "auth_date": str(int(time.time())),
        "user": json.dumps(user, separators=(",", ":")),
    }
    text = "\n".join(sorted(f"{name}={value}" for name, value in fields.items()))
    key = hmac.digest(b"WebAppData", ready["bot_token"].encode(), hashlib.sha256)
    fields["hash"] = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return urlencode(fields)


def picture() -> bytes:
    """A PNG of noise, about 28 kB."""
    side = 96

    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    rows = b"".join(b"\0" + secrets.token_bytes(3 * side) for _ in range(side))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def data_of(answer: Response | APIResponse, status: int = 200) -> Any:
    """What the envelope of an answer holds."""
    expect(answer.status == status, f"{answer.url}: {answer.status}, not {status}")
    return answer.json()["data"]


def _is_of(url: str, answer: Response) -> bool:
    return answer.url.partition("?")[0] == url


class Walk:
    """The people and what they have made so far.

    Args:
        browser: launched.
        ready: the READY line of the stand-in.
    """

    def __init__(self, browser: Browser, ready: dict[str, Any]) -> None:
        self.browser = browser
        self.ready = ready
        self.web: str = ready["web"]
        self.operator: Page
        self.manager: Page
        self.tokens: list[str] = []
        self.task: dict[str, Any] = {}
        self.files: list[str] = []

    def login(self) -> None:
        """The operator opens the Mini App from Telegram and is greeted by name."""
        self.operator = self._opened()
        client = self.ready["client"]
        with self.operator.expect_response("**/api/v1/auth/telegram") as answer:
            self.operator.goto(f"{client}/#tgWebAppData={quote(signed(self.ready), safe='')}")
        data = data_of(answer.value)
        self.tokens.append(data["accessToken"])
        name = f"{data['user']['firstName']} {data['user']['lastName']}"
        self.operator.get_by_role("heading", name=name, exact=True).wait_for()

    def dashboard(self) -> None:
        """The manager logs in by the form; the cards show what the API answered."""
        page = self.manager = self._opened()
        person = self.ready["identities"]["manager"]
        page.goto(f"{self.web}/auth")
        page.get_by_role("textbox", name="Email").fill(person["email"])
        page.get_by_label("Пароль", exact=True).fill(person["password"])
        with ExitStack() as stack:
            answers = {
                call: stack.enter_context(
                    page.expect_response(partial(_is_of, f"{self.web}/api/v1{call}"))
                )
                for call in _CALLS
            }
            page.get_by_role("button", name="Войти", exact=True).click()
        told = {call: data_of(answer.value) for call, answer in answers.items()}
        page.get_by_role("heading", name="Дашборд", exact=True).wait_for()
        page.get_by_role("tablist").wait_for()
        stats, machines = told["/orders/stats"], told["/machines"]
        rows = machines["data"] if isinstance(machines, dict) else machines
        active = sum(row["status"] == "active" for row in rows)
        for card, text in (
            ("Заказы", str(round(stats["totalOrders"]))),
            ("Средний чек", str(round(stats["averageOrderValue"]))),
            ("Автоматы онлайн", f"{active}/{len(rows)}"),
        ):
            shown = page.get_by_role("article", name=card, exact=True).inner_text()
            expect(re.sub(r"[^\d/]", "", shown) == text, f"{card}: {shown!r}, not {text}")
        self.tokens.append(self._cookie(page, "vendhub_access_token"))

    def create_task(self) -> None:
        """A task by the form, which the list and the API have."""
        page = self.manager
        navigation = page.get_by_role("navigation", name="Main navigation")
        navigation.get_by_role("link", name="Задачи", exact=True).click()
        self.task = self._saved()
        page.get_by_role("heading", name="Задачи", exact=True).wait_for()
        self._row(page, self.task["taskNumber"]).wait_for()
        path = f"{self.web}/api/v1/tasks?search={self.task['taskNumber']}"
        listed = data_of(page.context.request.get(path))
        rows = listed["data"] if isinstance(listed, dict) else listed
        expect(rows[0]["id"] == self.task["id"], "the API lists another task")

    def upload_photo(self) -> None:
        """The manager assigns, the operator starts and uploads, and the photo is read back."""
        self._sign_in_at_the_web()
        number, web = self.task["taskNumber"], self.web
        page, name = self.manager, self.operator_name
        page.goto(f"{web}/dashboard/tasks/{self.task['id']}")
        page.get_by_role("heading", name=f"#{number} ").wait_for()
        chosen = page.get_by_role("combobox", name="Исполнитель", exact=True)
        chosen.select_option(label=name)
        with page.expect_response("**/assign") as answer:
            page.get_by_role("button", name="Назначить", exact=True).click()
        data_of(answer.value, _CREATED)
        page = self.operator
        page.goto(f"{web}/dashboard/tasks/{self.task['id']}")
        page.get_by_role("heading", name=f"#{number} ").wait_for()
        with page.expect_response("**/start") as answer:
            page.get_by_role("button", name="Начать", exact=True).click()
        data_of(answer.value, _CREATED)
        content, url = self._uploaded("before", "Фото до")
        page.get_by_role("img", name="Фото до", exact=True).wait_for()
        kept = page.context.request.get(url)
        expect(kept.body() == content, "the photo is not what was uploaded")
        stored = data_of(page.context.request.get(f"{web}/api/v1/tasks/{self.task['id']}"))
        expect(stored["photoBeforeUrl"] == url, "the task names another photo")

    def complete_task(self) -> None:
        """The operator completes the task with a second photo."""
        page = self.operator
        self._uploaded("after", "Фото после")
        page.get_by_role("img", name="Фото после", exact=True).wait_for()
        page.get_by_role("textbox", name="Примечание", exact=True).fill("done")
        with page.expect_response(
            lambda a: a.url.endswith(("/photo-after", "/complete"))
        ) as answer:
            page.get_by_role("button", name="Завершить", exact=True).click()
        data_of(answer.value, _CREATED)
        status = page.get_by_role("status", name="Статус", exact=True)
        status.get_by_text("Завершена", exact=True).wait_for()
        stored = data_of(page.context.request.get(f"{self.web}/api/v1/tasks/{self.task['id']}"))
        expect(stored["status"] == "completed", "the task is not completed")

    def real_time(self) -> None:
        """A second task of the manager's comes into the operator's list by websocket."""
        frames: list[str] = []
        page = self.operator
        page.on(
            "websocket", lambda s: s.on("framereceived", lambda frame: frames.append(str(frame)))
        )
        page.goto(f"{self.web}/dashboard/tasks")
        page.get_by_role("heading", name="Задачи", exact=True).wait_for()
        end = time.monotonic() + WAIT_MS / 1000
        while not any("notifications:init" in frame for frame in frames):
            expect(time.monotonic() < end, "no websocket is welcomed")
            page.wait_for_timeout(10)
        self.manager.goto(f"{self.web}/dashboard/tasks")
        self.task = self._saved()
        self._row(page, self.task["taskNumber"]).wait_for()
        heard = any(self.task["taskNumber"] in frame for frame in frames)
        expect(heard, "no websocket told of the task")

    def clean_up(self) -> None:
        """Cancel the second task, remove the photos, end the sessions."""
        api, ask = self.ready["api"] + "/api/v1", self.manager.context.request
        web = self.web + "/api/v1"
        headers = {"origin": self.web}
        cancelled = ask.post(f"{web}/tasks/{self.task['id']}/cancel", headers=headers)
        data_of(cancelled, _CREATED)
        for key in self.files:
            removed = ask.delete(f"{web}/storage/files/{quote(key, safe='')}", headers=headers)
            expect(removed.ok, f"a file cannot be removed: {removed.status}")
        with self.bare_context() as context:
            for token in self.tokens:
                bearer = {"authorization": f"Bearer {token}"}
                ended = context.request.post(f"{api}/auth/logout", headers=bearer)
                expect(ended.ok, f"a session cannot be ended: {ended.status}")

    @contextmanager
    def bare_context(self) -> Iterator[BrowserContext]:
        """A context without cookies."""
        context = self.browser.new_context(ignore_https_errors=True)
        yield context
        context.close()

    @property
    def operator_name(self) -> str:
        """First and last name of the operator."""
        user = self.operator_user
        return f"{user['firstName']} {user['lastName']}"

    def _opened(self) -> Page:
        context = self.browser.new_context(
            viewport={"width": 1280, "height": 900}, reduced_motion="reduce",
            ignore_https_errors=True,
        )  # fmt: skip
        context.set_default_timeout(WAIT_MS)
        for url in (self.web, self.ready["client"]):
            context.add_cookies([{"name": "locale", "value": "ru", "url": url}])
        context.route("https://telegram.org/js/**", lambda route: route.fulfill(
            content_type="text/javascript", body=_TELEGRAM
        ))  # fmt: skip
        return context.new_page()

    def _sign_in_at_the_web(self) -> None:
        """The web's own session of the operator, as the suite opens it: the web has no Mini App."""
        context = self.operator.context
        answer = context.request.post(
            f"{self.web}/api/v1/auth/telegram",
            data={"initData": signed(self.ready)},
            headers={"origin": self.web},
        )
        data = data_of(answer)
        self.tokens.append(data["accessToken"])
        self.operator_user = data["user"]
        state = json.dumps({"state": {"user": data["user"], "isAuthenticated": True}, "version": 0})
        context.add_init_script(
            "if (!localStorage.getItem('vendhub-auth'))"
            f" localStorage.setItem('vendhub-auth', {json.dumps(state)});"
        )

    def _saved(self) -> dict[str, Any]:
        """A new task by the form, to which the list's link leads."""
        page, due = self.manager, datetime.now(UTC) + timedelta(days=2)
        page.get_by_role("link", name="Создать задачу", exact=True).click()
        page.get_by_role("heading", name="Создать задачу", exact=True).wait_for()
        page.get_by_role("textbox", name="Название", exact=True).fill("Bare path")
        page.get_by_role("combobox", name="Тип", exact=True).select_option("refill")
        machine = page.get_by_role("combobox", name="Автомат", exact=True)
        machine.select_option(self.ready["machine"])
        page.get_by_label("Срок", exact=True).fill(f"{due:%Y-%m-%d}")
        page.get_by_role("textbox", name="Описание", exact=True).fill("A bare script's task")
        made: list[APIResponse] = []

        def pass_on(route: Any) -> None:  # a saved form leaves its page, and its answer with it
            if route.request.method == "POST":
                made.append(route.fetch())
                route.fulfill(response=made[0])
            else:
                route.continue_()

        page.route(f"{self.web}/api/v1/tasks", pass_on)
        with page.expect_response(lambda a: a.request.method == "POST"):
            page.get_by_role("button", name="Сохранить", exact=True).click()
        page.unroute(f"{self.web}/api/v1/tasks")
        saved: dict[str, Any] = data_of(made[0], _CREATED)
        return saved

    def _uploaded(self, which: str, label: str) -> tuple[bytes, str]:
        page, content = self.operator, picture()
        photo: Any = {"name": f"{which}.png", "mimeType": "image/png", "buffer": content}
        with page.expect_response("**/api/v1/storage/upload") as answer:
            page.get_by_label(label, exact=True).set_input_files(photo)
        data = data_of(answer.value, _CREATED)
        self.files.append(data["key"])
        return content, str(data["url"])

    @staticmethod
    def _row(page: Page, number: str) -> Any:
        return page.get_by_role("listitem").filter(has_text=f"#{number} ")

    @staticmethod
    def _cookie(page: Page, name: str) -> str:
        cookies = page.context.cookies()
        return next(str(each.get("value")) for each in cookies if each.get("name") == name)


def main(ready_file: str) -> None:
    """Walk the path and print the seconds of its parts."""
    ready = json.loads(Path(ready_file).read_bytes())
    seconds: dict[str, float] = {}

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        seconds[name] = time.perf_counter() - began

    found = next(filter(None, map(shutil.which, _COMMANDS)), None)
    began = time.perf_counter()
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*_ARGUMENTS, *sandbox])
        seconds["browser"] = time.perf_counter() - began
        path = Walk(browser, ready)
        for name in (
            "login", "dashboard", "create_task", "upload_photo", "complete_task", "real_time",
            "clean_up",
        ):  # fmt: skip
            with timed(name):
                getattr(path, name)()
        with timed("close"):
            browser.close()
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
