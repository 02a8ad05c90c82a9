"""The login page of the admin web."""

from __future__ import annotations

from urllib.parse import urlsplit

from smoke.pages.page import PageObject

LOGIN = "**/api/v1/auth/login"


class Login(PageObject):
    """A form for e-mail and password."""

    def open(self, url: str) -> None:
        """Go there, as somebody without a session."""
        self.page.goto(f"{url}/auth")
        self.page.get_by_role("heading", name="VendHub Admin").wait_for()

    def sign_in(self, email: str, password: str) -> None:
        """Fill the form in, send it, and wait for the API's answer."""
        self.page.get_by_role("textbox", name=self.say("email")).fill(email)
        self.page.get_by_label(self.say("password"), exact=True).fill(password)
        with self.page.expect_response(LOGIN):
            self.page.get_by_role("button", name=self.say("sign in"), exact=True).click()

    def wait_until_left(self) -> None:
        """The page has gone on to where it leads."""
        self.page.wait_for_url(lambda url: urlsplit(url).path != "/auth", wait_until="commit")
