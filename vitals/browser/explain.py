"""From what Playwright raises to a finding that says why, as far as the browser has seen it."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from vitals.browser.errors import BrowserError, TabCrashedError
from vitals.verdict.finding import THROTTLED, Finding
from vitals.verdict.outcome import Outcome

if TYPE_CHECKING:
    from playwright.sync_api import Error, Page

    from vitals.browser.recorder import Exchange, Recorder

_SERVER_ERROR = 500
_NET = re.compile(r"(?:net::)?(ERR_\w+|NS_ERROR_\w+|SSL_ERROR_\w+)(?: at ([^\s#?]+))?")
_LED_AWAY = re.compile(r"interrupted by another navigation to \"(?:\w+://[^/]*)?([^\"?#]*)")
_CRASHED = ("Page crashed", "Target crashed")
_GONE = ("has been closed", "Target closed", "Connection closed", "browser has disconnected")
_ALERTS = 2


def explained(what: str, fault: Error, page: Page, recorder: Recorder, since: float) -> Exception:
    """The exception to raise for a Playwright error while something was awaited.

    Args:
        what: what was awaited, as it reads behind "expected".
        fault: what Playwright raised.
        page: where.
        recorder: what has happened there.
        since: when the step began, in seconds of the monotonic clock.

    Returns:
        A `Finding` for what did not come in time and for a page that did not load,
        `TabCrashedError`, `BrowserError`, or the fault itself where it says nothing about either.
    """
    words = str(fault)
    if recorder.crashed or any(sign in words for sign in _CRASHED):
        return TabCrashedError("the page crashed its tab")
    if any(sign in words for sign in _GONE):
        return BrowserError("the browser died during the step; try again")
    evidence = recorder.told(since)
    if found := _NET.search(words):
        place = f" at {found[2]}" if found[2] else ""
        return Finding(what, f"{found[1]}{place}", is_bare=True, evidence=evidence)
    if found := _LED_AWAY.search(words):
        return Finding(what, f"a page that went to {found[1]} by itself", evidence=evidence)
    if "Timeout" not in words:
        return fault
    waited = time.monotonic() - since
    cause, call = _cause(page, recorder, since)
    return Finding(
        what,
        f"nothing of it in {waited:.1f} s{cause and ': '}{cause}",
        outcome=Outcome.INCONCLUSIVE if call and call.status == THROTTLED else Outcome.FAIL,
        is_bare=call is not None and (call.status is None or call.status >= _SERVER_ERROR),
        evidence=evidence,
    )


def _cause(page: Page, recorder: Recorder, since: float) -> tuple[str, Exchange | None]:
    """What is the likeliest reason, and the call of the API that it is about if it is one."""
    now = time.monotonic()
    for part in recorder.bad_parts(since):
        return f"the page's {part.kind} {part.told(now)}", None
    signs = ("script error", "websocket error")
    thrown = [text for at, text in recorder.complaints if at >= since and text.startswith(signs)]
    if thrown:
        return thrown[0], None
    if bad := recorder.bad_calls(since):
        return bad[-1].told(now), bad[-1]
    if pending := recorder.open_calls(since):
        return pending[0].told(now), pending[0]
    alerts = shown_alerts(page)
    if alerts:
        return f"the page says: {'; '.join(alerts)}", None
    slow = recorder.slowest(since)
    return f"slowest: {slow}" if slow else "", None


def shown_alerts(page: Page) -> list[str]:
    """What the page tells its user to have gone wrong."""
    texts = page.get_by_role("alert").all_inner_texts()
    return [text for text in texts if text.strip()][:_ALERTS]
