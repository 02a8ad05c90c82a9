"""A websocket of a person in their own browser session, for products whose pages open none."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vitals.browser.person import Person
    from vitals.environment import Environment

_PLACE = "/vitals-listener"
_NAMESPACE = "/notifications"

# Socket.IO protocol 5 over Engine.IO protocol 4: 0 opens, 2 and 3 are ping and pong, 40 connects.
_SCRIPT = """
({url, namespace, token}) => {
  const socket = new WebSocket(url);
  socket.onmessage = ({data}) => {
    if (data.startsWith("0")) socket.send(`40${namespace},${JSON.stringify({token})}`);
    if (data === "2") socket.send("3");
  };
  window.vitalsListener = socket;
}
"""


def listen(person: Person, environment: Environment) -> None:
    """Open a websocket to `/notifications` as a person; what it brings is in their recorder.

    It opens from a blank page of the web's own origin, which the browser makes up by itself: the
    server checks where a websocket comes from, and the web's policy must not stand in its way.
    """
    from playwright.sync_api import Error  # noqa: PLC0415 - only a run with a browser pays

    web = environment.target_url("web") or ""
    socket = (environment.target_url("socket") or environment.target_url("api") or "").replace(
        "http", "ws", 1
    )
    blank = "<!doctype html><title>listening</title>"
    person.context.route(
        web + _PLACE, lambda route: route.fulfill(content_type="text/html", body=blank)
    )
    with contextlib.suppress(Error):  # a browser that does not know it does not ask for it
        # A page that came from no address may not reach private ones, such as a VendHub's at home.
        person.context.grant_permissions(["local-network-access"], origin=web)
    page = person.context.new_page()
    page.goto(web + _PLACE)
    token = person.account.access_token if person.account else ""
    url = f"{socket}/socket.io/?EIO=4&transport=websocket"
    page.evaluate(_SCRIPT, {"url": url, "namespace": _NAMESPACE, "token": token})
