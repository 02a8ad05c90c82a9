"""The form for a new task in the admin web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smoke.pages.page import PageObject

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Request


class TaskForm(PageObject):
    """Title, type, machine, due date, description."""

    def wait_until_open(self) -> None:
        """The heading is there, loading is over."""
        self.page.get_by_role("heading", name=self.say("create task"), exact=True).wait_for()

    def fill(self, *, title: str, machine: str, due: str, description: str) -> None:
        """Fill the form in.

        Args:
            title: what people read.
            machine: the machine's id, by which the form knows it.
            due: a day, YYYY-MM-DD.
            description: what the task is found by later.
        """
        self.page.get_by_role("textbox", name=self.say("title"), exact=True).fill(title)
        self._choice("type").select_option("refill")
        self._choice("machine").select_option(machine)
        self.page.get_by_label(self.say("due"), exact=True).fill(due)
        self.page.get_by_role("textbox", name=self.say("description"), exact=True).fill(description)

    def save(self, sent_within_ms: float) -> None:
        """Press the button, and wait for the API's answer.

        Raises:
            TimeoutError: the button sends nothing within the time, or no answer comes.
        """
        with (
            self.page.expect_response(lambda answer: _is_creation(answer.request)),
            self.page.expect_request(_is_creation, timeout=sent_within_ms),
        ):
            self.page.get_by_role("button", name=self.say("save"), exact=True).click()

    def _choice(self, name: str) -> Locator:
        return self.page.get_by_role("combobox", name=self.say(name), exact=True)


def _is_creation(request: Request) -> bool:
    return request.method == "POST" and request.url.endswith("/api/v1/tasks")
