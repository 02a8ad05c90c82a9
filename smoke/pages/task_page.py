"""The page of one task in the admin web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smoke.pages.page import PageObject

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Response


class TaskPage(PageObject):
    """Who does it, its photos, its end."""

    def open(self, url: str, task_id: str) -> None:
        """Go there by its address."""
        self.page.goto(f"{url}/dashboard/tasks/{task_id}")

    def wait_until_open(self, number: str) -> None:
        """The heading names the task, loading is over."""
        self.page.get_by_role("heading", name=f"#{number} ").wait_for()

    def assign(self, name: str) -> Response:
        """Choose somebody by name and hand the task over; gives the API's answer."""
        self.page.get_by_role("combobox", name=self.say("assignee"), exact=True).select_option(
            label=name
        )
        with self.page.expect_response("**/api/v1/tasks/*/assign") as answer:
            self.page.get_by_role("button", name=self.say("assign"), exact=True).click()
        return answer.value

    def start(self) -> Response:
        """Begin the work; gives the API's answer."""
        with self.page.expect_response("**/api/v1/tasks/*/start") as answer:
            self.page.get_by_role("button", name=self.say("start"), exact=True).click()
        return answer.value

    def upload(self, which: str, photo: FilePayload) -> Response:
        """Choose a file as the photo `before` or `after`; gives the storage's answer."""
        with self.page.expect_response("**/api/v1/storage/upload") as answer:
            self.page.get_by_label(self.say(f"photo {which}"), exact=True).set_input_files(photo)
        return answer.value

    def wait_for_photo(self, which: str) -> None:
        """The photo is shown."""
        self.page.get_by_role("img", name=self.say(f"photo {which}"), exact=True).wait_for()

    def complete(self, notes: str) -> Response:
        """Write notes and declare the work done; gives the API's answer."""
        self.page.get_by_role("textbox", name=self.say("notes"), exact=True).fill(notes)
        with self.page.expect_response(
            lambda answer: answer.url.endswith(("/photo-after", "/complete"))
        ) as answer:
            self.page.get_by_role("button", name=self.say("complete"), exact=True).click()
        return answer.value

    def wait_for_completed(self) -> None:
        """The status says so."""
        status = self.page.get_by_role("status", name=self.say("status"), exact=True)
        status.get_by_text(self.say("completed"), exact=True).wait_for()
