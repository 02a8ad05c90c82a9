"""The stand-in's admin web in a real browser: the smoke path, and what its pages show."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect
from standin_browser import PNG, Guest, chromium, guest, row
from standin_process import running_standin
from standin_visitor import Visitor

MANAGER, OPERATOR = "manager@demo.uz", "operator@demo.uz"
OPERATOR_ID = 700_000_003
TASKS = "/dashboard/tasks"
IN_PROGRESS = "В работе"  # noqa: RUF001 - Russian
NOT_LOADED = "Не удалось загрузить данные"  # noqa: RUF001 - same
FIGURES = {
    "Средний чек": "averageOrderValue",
    "Заказы": "totalOrders",
    "Активных клиентов": "activeClients",
    "Запасы критичны": "lowStock",
    "Очередь задач": "openTasks",
    "Инкассация": "collected",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def ready() -> Iterator[dict[str, Any]]:
    with running_standin("--no-limits") as started:
        yield started


@pytest.fixture
def visitor(ready: dict[str, Any]) -> Iterator[Visitor]:
    started = Visitor(ready)
    yield started
    started.close()


def status(page: Page) -> Any:
    return expect(page.get_by_role("status", name="Статус"))


def log_in(person: Guest) -> None:
    """Type name and password, as a manager does."""
    page = person.page
    page.goto(person.ready["web"] + TASKS)
    page.get_by_label("Email").fill(MANAGER)
    page.get_by_label("Пароль").fill("Demo123!")
    page.get_by_role("button", name="Войти").click()
    expect(page.get_by_role("status").filter(has_text="Добро пожаловать!")).to_be_visible()
    expect(page).to_have_url(person.ready["web"] + TASKS)


def come_from_telegram(person: Guest) -> None:
    """Log in to the Mini App, and take its session along to the web."""
    page = person.open_app(OPERATOR_ID)
    expect(page.get_by_role("heading", name="Timur Rashidov")).to_be_visible()
    stored = page.evaluate("localStorage.getItem('vendhub-auth')")
    for cookie in person.context.cookies(person.ready["client"]):
        if cookie["name"].startswith("vendhub"):
            person.take_session(cookie["name"], cookie["value"])
    page.goto(person.ready["web"] + "/auth")
    page.evaluate("stored => localStorage.setItem('vendhub-auth', stored)", stored)


def create_task(page: Page, title: str, machine: str) -> None:
    page.get_by_role("link", name="Создать задачу").click()
    page.get_by_role("textbox", name="Название").fill(title)
    page.get_by_role("combobox", name="Тип").select_option("Пополнение")
    page.get_by_role("combobox", name="Приоритет").select_option("Высокий")
    page.get_by_role("combobox", name="Автомат").select_option(machine)
    page.get_by_label("Срок").fill("2099-01-31")
    page.get_by_role("textbox", name="Описание").fill("Стаканы и молоко")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_role("status").filter(has_text="Задача создана")).to_be_visible()


def test_the_six_steps_of_the_smoke_path(browser: Browser) -> None:
    with (
        running_standin("--tls") as ready,
        guest(browser, ready) as malika,
        guest(browser, ready, width=390) as timur,
    ):
        come_from_telegram(timur)
        log_in(malika)
        hers, his = malika.page, timur.page

        malika.go_live("/dashboard")
        expect(hers.get_by_role("article", name="Очередь задач")).to_contain_text("2")

        timur.go_live(TASKS)
        expect(his.get_by_role("link", name="Создать задачу")).to_be_hidden()
        hers.get_by_role("link", name="Задачи").click()
        create_task(hers, "Smoke 17", ready["machine"])
        expect(row(hers, "Smoke 17")).to_contain_text("Ожидает")
        expect(row(his, "Smoke 17")).to_contain_text("Ожидает")
        expect(his.get_by_role("log", name="Изменения")).to_contain_text("новая задача")

        title = re.compile(r"^#TASK-\d{8}-\d{4} - 📦 Пополнение$")
        row(hers, "Smoke 17").get_by_role("link", name=title).click()
        row(his, "Smoke 17").get_by_role("link").click()
        expect(his.get_by_role("heading", level=1)).to_have_text(title)
        task_url = his.url
        malika.go_live(task_url.removeprefix(ready["web"]))
        timur.go_live(task_url.removeprefix(ready["web"]))
        hers.get_by_role("combobox", name="Исполнитель").select_option("Timur Rashidov")
        hers.get_by_role("button", name="Назначить").click()
        status(hers).to_have_text("Назначена")
        status(his).to_have_text("Назначена")
        his.get_by_role("button", name="Начать").click()
        status(hers).to_have_text(IN_PROGRESS)

        photo: FilePayload = {"name": "фото.png", "mimeType": "image/png", "buffer": PNG}
        for which in ("Фото до", "Фото после"):
            his.get_by_label(which).set_input_files(photo)
            shown = his.get_by_role("img", name=which)
            expect(shown).to_have_js_property("naturalWidth", 1)
            url = shown.get_attribute("src")
            assert url
            assert httpx.get(url, verify=False, trust_env=False).content == PNG  # noqa: S501 - its own CA, on loopback
        expect(hers.get_by_role("img", name="Фото до")).to_be_visible()
        status(his).to_have_text(IN_PROGRESS)

        his.get_by_role("textbox", name="Примечание").fill("Готово")
        his.get_by_role("button", name="Завершить").click()
        status(his).to_have_text("Завершена")
        status(hers).to_have_text("Завершена")
        expect(hers.get_by_role("img", name="Фото после")).to_be_visible()
        history = hers.get_by_role("list", name="История").get_by_role("listitem")
        expect(history).to_contain_text(["Ожидает", "Назначена", IN_PROGRESS, "Завершена"])
        hers.reload()
        status(hers).to_have_text("Завершена")
        assert (malika.complaints, timur.complaints) == ([], [])


@dataclass(frozen=True)
class Words:
    """What the pages say in a language."""

    locale: str
    dashboard: str
    queue: str
    create: str
    title: str
    machine: str
    save: str
    created: str
    waiting: str


UZBEK = Words(
    locale="uz",
    dashboard="Boshqaruv paneli",
    queue="Vazifalar navbati",
    create="Vazifa yaratish",
    title="Nomi",
    machine="Avtomat",
    save="Saqlash",
    created="Vazifa yaratildi",
    waiting="Kutilmoqda",
)
ENGLISH = Words(
    locale="en",
    dashboard="Dashboard",
    queue="Task queue",
    create="Create task",
    title="Title",
    machine="Machine",
    save="Save",
    created="Task created",
    waiting="Pending",
)


@pytest.mark.parametrize("words", [UZBEK, ENGLISH], ids=lambda words: words.locale)
def test_the_other_languages(
    browser: Browser, ready: dict[str, Any], visitor: Visitor, words: Words
) -> None:
    with guest(browser, ready, MANAGER, locale=words.locale) as person:
        page = person.go("/dashboard")
        expect(page.get_by_role("heading", level=1)).to_have_text(words.dashboard)
        expect(page.get_by_role("article", name=words.queue)).to_contain_text(re.compile(r"\d"))
        person.go(TASKS).get_by_role("link", name=words.create).click()
        title = f"In {words.locale}"
        page.get_by_role("textbox", name=words.title).fill(title)
        page.get_by_role("combobox", name=words.machine).select_option(ready["machine"])
        page.get_by_role("button", name=words.save).click()
        expect(page.get_by_role("status").filter(has_text=words.created)).to_be_visible()
        expect(row(page, title)).to_contain_text(words.waiting)
        assert person.complaints == []
        manager = visitor.manager()
        found = manager.http.get("/api/v1/tasks", params={"search": title}).json()
        identifier = found["data"]["data"][0]["id"]
        assert manager.http.post(f"/api/v1/tasks/{identifier}/cancel").status_code == 201


def test_the_dashboard_shows_what_the_api_answered(
    browser: Browser, ready: dict[str, Any], visitor: Visitor
) -> None:
    http = visitor.manager().http
    answer = http.get("/api/v1/analytics/dashboard").json()["data"]["latestStats"]
    assert all(answer[name] for name in FIGURES.values())
    with guest(browser, ready, MANAGER) as person:
        page = person.go("/dashboard")
        for label, name in FIGURES.items():
            text = page.get_by_role("article", name=label).get_by_role("paragraph").inner_text()
            assert int(re.sub(r"\D", "", text)) == answer[name], label
        machines = page.get_by_role("article", name="Автоматы онлайн")
        expect(machines.get_by_role("paragraph")).to_have_text("5/5")
        page.route("**/api/v1/machines", lambda route: route.abort())
        page.reload()
        expect(machines.get_by_role("paragraph")).to_have_text("—")
        expect(page.get_by_role("alert")).to_have_text(NOT_LOADED)


def test_a_notification_counts_without_a_reload(
    browser: Browser, ready: dict[str, Any], visitor: Visitor
) -> None:
    operator = visitor.operator()
    with guest(browser, ready, OPERATOR) as person:
        page = person.go_live(TASKS)
        expect(page.get_by_role("status", name="Уведомления")).to_have_text("0")
        sent = {"title": "Привет", "body": "Новая смена", "type": "system", "userId": operator.id}
        visitor.manager().http.post("/api/v1/notifications", json=sent)
        expect(page.get_by_role("log", name="Изменения")).to_have_text("Привет: Новая смена")
        expect(page.get_by_role("status", name="Уведомления")).to_have_text("1")


def test_vendhub_os_keeps_its_traps(browser: Browser) -> None:
    with running_standin("--profile", "vendhub-os") as ready, guest(browser, ready) as person:
        page = person.page
        page.goto(ready["web"] + "/auth")
        page.get_by_label("Email").fill(MANAGER)
        page.get_by_label("Пароль").fill("Demo123!")
        page.get_by_role("button", name="Войти").click()
        online = page.get_by_role("article", name="Автоматы онлайн")
        expect(online.get_by_role("paragraph")).to_have_text("0/0")
        expect(page.get_by_role("article", name="Заказы")).to_contain_text("247")
        person.go(TASKS)
        inspection = row(page, "inspection")
        expect(inspection).to_contain_text("cancelled")
        inspection.get_by_role("button", name="Действия").click()
        inspection.get_by_role("menuitem", name="Удалить").click()
        page.get_by_role("button", name="Confirm").click()
        expect(page.get_by_role("alert")).to_be_visible()
        person.go(TASKS + "/new")
        page.get_by_role("textbox", name="Задачи *").fill("Smoke")
        page.get_by_role("button", name="Сохранить").click()
        expect(page.get_by_role("alert")).to_have_text("Ошибка создания задачи")
        row(person.go(TASKS), "Мойка").get_by_role("link").click()
        expect(page.get_by_label("Фото до")).to_have_count(0)
        page.get_by_role("textbox", name="Название").fill("Smoke")
        page.get_by_role("combobox", name="Статус").select_option(IN_PROGRESS)
        page.get_by_role("button", name="Сохранить").click()
        expect(page.get_by_role("status").filter(has_text="Task updated")).to_be_visible()
        page.get_by_role("combobox", name="Статус").select_option("Ожидает")
        page.get_by_role("button", name="Сохранить").click()
        expect(page.get_by_role("alert")).to_have_text("Failed to update")
        assert not [line for line in person.sent if "socket" in line]
        assert person.frames == []
