"""What every page object has: the tab that it looks at, and the language of its labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smoke.pages.words import word

if TYPE_CHECKING:
    from playwright.sync_api import Page


class PageObject:
    """Finds things by their roles and accessible names, and does with them what people do.

    It says nothing about whether what it finds is right. Whatever does not come within the tab's
    default timeout is Playwright's `TimeoutError`.

    Args:
        page: the tab.
        language: ru, uz or en.
    """

    def __init__(self, page: Page, language: str) -> None:
        self.page = page
        self.language = language

    def say(self, name: str) -> str:
        """A label of the page."""
        return word(self.language, name)
