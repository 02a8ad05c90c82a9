"""The Mini App, as Telegram opens it."""

from __future__ import annotations

from urllib.parse import quote

from smoke.pages.page import PageObject


class MiniApp(PageObject):
    """One page, which signs in whom Telegram brings, or who has a session already."""

    def open(self, url: str, init_data: str) -> None:
        """Open it as Telegram does, with init data behind the #."""
        self.page.goto(f"{url}/#tgWebAppData={quote(init_data, safe='')}&tgWebAppVersion=8.0")

    def open_with_session(self, url: str) -> None:
        """Open it as somebody who was here before."""
        self.page.goto(f"{url}/")

    def wait_for_name(self, name: str) -> None:
        """The user is greeted by name."""
        self.page.get_by_role("heading", name=name, exact=True).wait_for()

    def knows_telegram(self) -> bool:
        """Whether Telegram's script has told the page about itself."""
        return bool(self.page.evaluate("() => Boolean(window.Telegram?.WebApp)"))
