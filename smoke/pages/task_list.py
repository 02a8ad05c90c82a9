"""The list of tasks in the admin web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smoke.pages.page import PageObject

if TYPE_CHECKING:
    from playwright.sync_api import Locator


class TaskList(PageObject):
    """A row a task, found by the task's number."""

    def open(self, url: str) -> None:
        """Go there by its address."""
        self.page.goto(f"{url}/dashboard/tasks")
        self.wait_until_open()

    def wait_until_open(self) -> None:
        """The heading is there, loading is over."""
        self.page.get_by_role("heading", name=self.say("tasks"), exact=True).wait_for()

    def go_to_form(self) -> None:
        """Follow the link to the form for a new task."""
        self.page.get_by_role("link", name=self.say("create task"), exact=True).click()

    def row(self, number: str) -> Locator:
        """The row of a task."""
        return self.page.get_by_role("listitem").filter(has_text=f"#{number} ")

    def wait_for_task(self, number: str) -> None:
        """The task's row is there."""
        self.row(number).wait_for()

    def go_to_task(self, number: str) -> None:
        """Follow the link in a task's row to its page."""
        self.row(number).get_by_role("link").click()
