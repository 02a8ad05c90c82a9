"""The stand-in's Mini App, as Telegram's users meet it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect
from standin_browser import chromium, guest
from standin_process import running_standin
from standin_visitor import fault

TELEGRAM_SCRIPT = 'src="https://telegram.org/js/telegram-web-app.js"'
OPERATOR_ID = 700_000_003
UNKNOWN_ID = 4


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def ready() -> Iterator[dict[str, Any]]:
    with running_standin("--no-limits", "--tls") as started:
        yield started


def index(ready: dict[str, Any]) -> httpx.Response:
    return httpx.get(ready["client"], verify=False, trust_env=False)  # noqa: S501 - its own CA, on loopback


def test_it_has_an_origin_of_its_own(ready: dict[str, Any]) -> None:
    origins = {ready[side] for side in ("api", "web", "client")}
    assert len(origins) == 3
    answer = index(ready)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


def test_only_the_complete_one_loads_telegrams_script(ready: dict[str, Any]) -> None:
    complete = index(ready)
    assert TELEGRAM_SCRIPT in complete.text
    assert "script-src 'self' https://telegram.org;" in complete.headers["content-security-policy"]
    with fault(ready, "telegram-script-missing"):
        assert TELEGRAM_SCRIPT not in index(ready).text
    with running_standin("--profile", "vendhub-os") as product:
        answer = index(product)
        assert "telegram.org" not in answer.text
        assert "script-src 'self';" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("locale", "tasks", "outside"),
    [
        ("ru", "Мои задачи", "Откройте в Telegram"),
        ("uz", "Mening vazifalarim", "Telegramda oching"),
        ("en", "My tasks", "Open in Telegram"),
        ("xx", "Мои задачи", "Откройте в Telegram"),
    ],
)
def test_telegrams_users_are_signed_in_and_others_are_sent_to_telegram(
    browser: Browser, ready: dict[str, Any], locale: str, tasks: str, outside: str
) -> None:
    with guest(browser, ready, locale=locale) as person:
        page = person.open_app()
        expect(page.get_by_role("heading", name=outside)).to_be_visible()
    with guest(browser, ready, locale=locale, width=390) as person:
        page = person.open_app(OPERATOR_ID)
        expect(page.get_by_role("heading", name="Timur Rashidov")).to_be_visible()
        seeded = page.get_by_role("list", name=tasks).get_by_role("listitem")
        expect(seeded.filter(has_text="#TASK-")).not_to_have_count(0)
        assert person.complaints == []
        page.goto(ready["client"])
        expect(page.get_by_role("heading", name="Timur Rashidov")).to_be_visible()


@pytest.mark.parametrize(
    ("telegram_id", "age_s", "words"),
    [
        (UNKNOWN_ID, 0, "No account linked to this Telegram ID"),
        (OPERATOR_ID, 90, "Telegram auth data has expired"),
        (700_000_006, 0, "Account is suspended"),
    ],
)
def test_a_refusal_is_shown_in_the_apis_words(
    browser: Browser, ready: dict[str, Any], telegram_id: int, age_s: int, words: str
) -> None:
    with guest(browser, ready) as person:
        page = person.open_app(telegram_id, age_s=age_s)
        expect(page.get_by_role("alert")).to_contain_text(words)
        expect(page.get_by_role("heading")).to_have_count(0)


def test_init_data_refused(browser: Browser, ready: dict[str, Any]) -> None:
    with guest(browser, ready) as person, fault(ready, "init-data-refused"):
        page = person.open_app(OPERATOR_ID)
        expect(page.get_by_role("alert")).to_have_text("Invalid Telegram signature")


def test_without_telegrams_script_nobody_is_known(browser: Browser, ready: dict[str, Any]) -> None:
    with guest(browser, ready) as person, fault(ready, "telegram-script-missing"):
        page = person.open_app(OPERATOR_ID)
        expect(page.get_by_role("heading", name="Откройте в Telegram")).to_be_visible()
