"""The dashboard of the admin web: figures in cards."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from smoke.pages.page import PageObject

if TYPE_CHECKING:
    import re


class Dashboard(PageObject):
    """Eight figures, and lists below them."""

    def open(self, url: str) -> None:
        """Go there by its address."""
        self.page.goto(f"{url}/dashboard")
        self.wait_until_open()

    def wait_until_open(self) -> None:
        """Heading and tabs are there, loading is over."""
        self.page.get_by_role("heading", name=self.say("dashboard"), exact=True).wait_for()
        self.page.get_by_role("tablist").wait_for()

    def figure(self, name: str) -> str:
        """The text of a card without its title."""
        card = self.page.get_by_role("article", name=self.say(name), exact=True)
        return card.inner_text().removeprefix(self.say(name)).strip()

    def figure_after(self, name: str, pattern: re.Pattern[str], wait_ms: float) -> str:
        """The text of a card, which has some milliseconds to become one of a pattern."""
        from playwright.sync_api import TimeoutError  # noqa: A004, PLC0415 - Playwright's own

        card = self.page.get_by_role("article", name=self.say(name), exact=True)
        with contextlib.suppress(TimeoutError):
            card.get_by_text(pattern).wait_for(timeout=wait_ms)
        return self.figure(name)

    def go_to_tasks(self) -> None:
        """Follow the navigation to the list of tasks."""
        navigation = self.page.get_by_role("navigation", name="Main navigation")
        navigation.get_by_role("link", name=self.say("tasks"), exact=True).click()
