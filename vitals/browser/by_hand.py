"""A window in which a person logs in by hand, for `vitals login` without secrets on the machine."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

from vitals.browser.errors import BrowserError, first_line
from vitals.browser.found import launch_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from playwright.sync_api import Page, Route

    from vitals.environment import Environment

PATIENCE_S = 300.0
_LOGINS = ("/api/v1/auth/login", "/api/v1/auth/2fa/complete", "/api/v1/auth/telegram")


def log_in_by_hand(
    environment: Environment, name: str, *, hand: Callable[[Page], object] | None = None
) -> Mapping[str, Any]:
    """Open the login page and wait until the API has let somebody in; gives its answer's data.

    Args:
        environment: whose login page it is.
        name: who is expected, for the message.
        hand: acts in the page in place of a person, and then there is no window.

    Raises:
        BrowserError: no window can be opened, it was closed, or nobody came in five minutes.
    """
    try:
        from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415 - one command's cost
    except ImportError:
        raise BrowserError("the package playwright is not installed") from None
    web = environment.target_url("web")
    if not web:
        raise BrowserError("urls.web is OFF, so there is no login page")
    try:
        own = launch_arguments("chromium", None)
    except FileNotFoundError as fault:
        raise BrowserError(f"{fault}; make browser looks for one and installs it") from None
    came: list[Mapping[str, Any]] = []
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(headless=hand is not None, **own)  # type: ignore[arg-type]  # as it takes them
            page = browser.new_page(ignore_https_errors=bool(environment.network.ca_file))
            page.route(lambda url: url.split("?")[0].endswith(_LOGINS), _passing_on(came))
            page.goto(f"{web}/auth")
            if hand is not None:
                hand(page)
            end = time.monotonic() + PATIENCE_S
            while not came:
                if page.is_closed():
                    raise BrowserError(f"{name} did not come in: the window was closed")
                left = max(end - time.monotonic(), 0.001)
                page.wait_for_event("requestfinished", timeout=left * 1000)
            browser.close()
    except Error as fault:
        if not came:
            raise BrowserError(f"{name} did not come in: {first_line(fault)}") from None
    return came[-1]


def _passing_on(came: list[Mapping[str, Any]]) -> Callable[[Route], None]:
    """Hands a login and its answer on, and keeps the answer of one that lets somebody in."""

    def pass_on(route: Route) -> None:
        response = route.fetch(max_redirects=0)
        route.fulfill(response=response)
        with contextlib.suppress(ValueError):
            document = json.loads(response.body())
            data = document.get("data", document) if isinstance(document, dict) else None
            if isinstance(data, dict) and data.get("accessToken"):
                came.append(data)

    return pass_on
