"""What can go on without end in a browser has one, and a person can log in by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from standin_environment import load
from suite_run import Suite, environment_text

from vitals.browser.by_hand import log_in_by_hand
from vitals.browser.errors import BrowserError

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

ENDLESS = """
from vitals import step

@step("Endless", name="dashboard", severity="critical", incident="P2", runbook="deploy#5")
def test_endless(journey):
    person = journey.person("visitor")
    person.page.goto(journey.environment.urls.web + "/auth")
    person.page.evaluate("() => { while (true) {} }")


@step("After it", name="real_time", severity="critical", incident="P2", runbook="deploy#5")
def test_after_it(journey):
    person = journey.person("visitor")
    with person.expecting("the login page"):
        person.page.goto(journey.environment.urls.web + "/auth")
    return "OK"
"""


def test_a_script_without_end_is_a_finding_and_the_browser_goes_on(
    ready: dict[str, Any], tmp_path: Path
) -> None:
    suite = Suite(tmp_path / "copy")
    suite.write_environment("here", environment_text(ready))
    (suite.root / "smoke" / "test_endless.py").write_text(ENDLESS)
    deadline = ("--set", "smoke.steps.dashboard.deadline_ms=500")
    ended = suite.run("smoke/test_endless.py", "--env", "here", *deadline)
    assert ended.line("Endless").startswith(
        "✗ Endless: FAILED (expected it within 0.5 s, got no end of it after "
    ), ended.out
    assert ended.findings["After it"]["outcome"] == "PASS", ended.out
    assert ended.code == 1


def test_somebody_logs_in_by_hand(ready: dict[str, Any], tmp_path: Path) -> None:
    person = ready["identities"]["manager"]

    def hand(page: Page) -> None:
        page.get_by_role("textbox", name="Email").fill(person["email"])
        page.get_by_label("Пароль", exact=True).fill("not-the-password-1")
        page.get_by_role("button", name="Войти").click()
        page.get_by_role("alert").wait_for()  # a first attempt may go wrong
        page.get_by_label("Пароль", exact=True).fill(person["password"])
        page.get_by_role("button", name="Войти").click()

    data = log_in_by_hand(load(tmp_path, ready), "manager", hand=hand)
    assert data["user"]["email"] == person["email"]
    assert data["accessToken"]
    assert data["refreshToken"]


def test_a_window_that_is_closed_lets_nobody_in(ready: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(BrowserError, match="manager did not come in: "):
        log_in_by_hand(load(tmp_path, ready), "manager", hand=lambda page: page.close())
