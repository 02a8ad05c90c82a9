"""Does the Mini App learn from Telegram itself who its user is?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smoke.pages.mini_app import MiniApp
from vitals import require, step

if TYPE_CHECKING:
    from vitals.browser.journey import Journey


@step(
    "Mini App loads Telegram's script", severity="warning", incident="P2", runbook="deploy#5",
    urls=("client",),
)  # fmt: skip
def test_the_mini_app_loads_telegrams_script(journey: Journey) -> str:
    """Without it the page knows nobody, whatever Telegram hands over (facts 3.1)."""
    visitor = journey.person("visitor")
    app = MiniApp(visitor.page, journey.language)
    with visitor.expecting("the Mini App"):
        app.open_with_session(journey.environment.urls.client)
        is_known = app.knows_telegram()
    require(
        is_known,
        expected="window.Telegram in the page",
        observed="no window.Telegram: the page loads no script of Telegram's",
    )
    return "OK"
