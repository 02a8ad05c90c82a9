"""Telegram's script for Mini Apps, and a small stand-in for where it cannot be fetched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vitals.environment.addresses import host_of, is_loopback

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Route

    from vitals.environment import Environment

_ADDRESS = "https://telegram.org/js/**"
_FETCH_MS = 3000
_OK = 200

STAND_IN = """
(() => {
  const given = new URLSearchParams(location.hash.slice(1));
  const initData = given.get("tgWebAppData") ?? "";
  const fields = Object.fromEntries(new URLSearchParams(initData));
  if (fields.user) fields.user = JSON.parse(fields.user);
  const nothing = () => {};
  window.Telegram = {
    WebApp: {
      initData,
      initDataUnsafe: fields,
      version: given.get("tgWebAppVersion") ?? "8.0",
      platform: given.get("tgWebAppPlatform") ?? "unknown",
      colorScheme: "light",
      themeParams: {},
      isExpanded: true,
      viewportHeight: innerHeight,
      viewportStableHeight: innerHeight,
      ready: nothing, expand: nothing, close: nothing, sendData: nothing,
      onEvent: nothing, offEvent: nothing,
      isVersionAtLeast: () => true,
    },
  };
})();
"""
"""What of Telegram's script a page needs to know its user: it reads the page's fragment
(Telegram's "Mini Apps", "Initializing Mini Apps")."""


def inject_telegram(context: BrowserContext, environment: Environment) -> None:
    """Give every page of the Mini App the stand-in, for products that load no script themselves."""
    client = json.dumps(environment.origin("client") or "")
    context.add_init_script(f"if (location.origin === {client}) {{ {STAND_IN} }}")


def answer_telegram_script(context: BrowserContext, environment: Environment) -> None:
    """Let pages have Telegram's script, or the stand-in where it does not come.

    A product on this machine is tried without a network: there nothing is asked outside.
    """
    client = environment.target_url("client")
    if not client:
        return
    is_here = is_loopback(host_of(client))

    def answer(route: Route) -> None:
        from playwright.sync_api import Error  # noqa: PLC0415 - only a run with a browser pays

        if not is_here:
            try:
                response = route.fetch(timeout=_FETCH_MS)
            except Error:
                pass
            else:
                if response.status == _OK:
                    route.fulfill(response=response)
                    return
        route.fulfill(content_type="text/javascript", body=STAND_IN)

    context.route(_ADDRESS, answer)
