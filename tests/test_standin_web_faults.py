"""Every fault of tasks, events and pages shows, and most of them without a browser."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect
from standin_browser import PNG, WAIT_MS, chromium, guest, row
from standin_process import running_standin
from standin_visitor import Visitor, fault

MANAGER, STRANGER = "manager@demo.uz", "manager@other.uz"
TASKS = "/dashboard/tasks"
IN_PROGRESS = "В работе"  # noqa: RUF001 - Russian
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
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


# --- faults that show without a browser ---


def is_listed(visitor: Visitor) -> bool:
    manager = visitor.manager()
    with visitor.task(manager) as task:
        assert manager.http.get(f"/api/v1/tasks/{task['id']}").status_code == 200
        query = {"search": task["taskNumber"]}
        answer = manager.http.get("/api/v1/tasks", params=query).json()["data"]
        assert answer["total"] == len(answer["data"])
        return bool(answer["total"])


def upload(visitor: Visitor) -> httpx.Response:
    """Upload a photo; the answer that its URL gives."""
    sent = {"file": ("a.png", PNG, "image/png")}
    form = {"folder": "tasks/photos", "category": "image"}
    answer = visitor.operator().http.post("/api/v1/storage/upload", data=form, files=sent)
    assert answer.status_code == 201
    kept = answer.json()["data"]
    assert kept["size"] == len(PNG)
    return visitor.http.get(kept["url"])


def is_completion_kept(visitor: Visitor) -> bool:
    manager, operator = visitor.manager(), visitor.operator()
    photo = {"photoUrl": "https://files.example/1.png"}
    with visitor.task(manager) as task:
        path = f"/api/v1/tasks/{task['id']}"
        manager.http.post(f"{path}/assign", json={"userId": operator.id})
        operator.http.post(f"{path}/start")
        operator.http.post(f"{path}/photo-before", json=photo)
        done = operator.http.post(f"{path}/photo-after", json=photo)
        assert (done.status_code, done.json()["data"]["status"]) == (201, "completed")
        return bool(manager.http.get(path).json()["data"]["status"] == "completed")


def is_websocket_opened(visitor: Visitor) -> bool:
    offer = visitor.http.get("/socket.io/?EIO=4&transport=polling")
    assert '"upgrades":["websocket"]' in offer.text.replace(" ", "")
    with visitor.http.stream(
        "GET", "/socket.io/?EIO=4&transport=websocket", headers=UPGRADE
    ) as answer:
        return answer.status_code == 101


def are_scripts_there(visitor: Visitor) -> bool:
    token = visitor.manager().token
    web = visitor.ready["web"]
    page = visitor.http.get(web + TASKS, headers={"Cookie": f"vendhub_access_token={token}"})
    scripts = re.findall(r'src="(/_next/[^"]+)"', page.text)
    assert len(scripts) > 5
    return {visitor.http.get(web + script).status_code for script in scripts} == {200}


WITNESSES: dict[str, Callable[[Visitor], bool]] = {
    "task-not-listed": is_listed,
    "upload-lost": lambda visitor: upload(visitor).status_code == 200,
    "photo-bytes-changed": lambda visitor: upload(visitor).content == PNG,
    "completion-lost": is_completion_kept,
    "events-by-polling": is_websocket_opened,
    "tasks-script-missing": are_scripts_there,
}


@pytest.mark.parametrize("name", WITNESSES)
def test_a_fault_comes_and_goes(ready: dict[str, Any], visitor: Visitor, name: str) -> None:
    is_well = WITNESSES[name]
    assert is_well(visitor)
    with fault(ready, name):
        assert not is_well(visitor)
    assert is_well(visitor)


# --- faults of pages and events ---


def test_demo_figures_stand_for_what_is_answered(browser: Browser, ready: dict[str, Any]) -> None:
    with guest(browser, ready, MANAGER) as person:
        page = person.go("/dashboard")
        online = page.get_by_role("article", name="Автоматы онлайн").get_by_role("paragraph")
        expect(online).to_have_text("5/5")
        with fault(ready, "demo-figures"):
            page.reload()
            expect(online).to_have_text("0/0")
            expect(page.get_by_role("article", name="Заказы")).to_contain_text("247")
            page.route("**/api/v1/machines", lambda route: route.abort())
            page.reload()
            expect(online).to_have_text("14/16")
            expect(page.get_by_role("alert")).to_be_hidden()


def test_a_dead_button_sends_nothing(browser: Browser, ready: dict[str, Any]) -> None:
    with guest(browser, ready, MANAGER) as person, fault(ready, "dead-button"):
        page = person.go(TASKS + "/new")
        page.get_by_role("textbox", name="Название").fill("Smoke")
        page.get_by_role("button", name="Сохранить").click()
        page.evaluate("fetch('/api/v1/health')")  # what a click sends goes before this
        assert [line for line in person.sent if line.startswith("POST ")] == []
        expect(page.get_by_role("button", name="Сохранить")).to_be_enabled()


def test_the_tasks_page_without_its_script_stays_empty(
    browser: Browser, ready: dict[str, Any]
) -> None:
    with guest(browser, ready, MANAGER) as person, fault(ready, "tasks-script-missing"):
        person.page.goto(ready["web"] + TASKS)
        expect(person.page.get_by_role("status").filter(has_text="Загрузка...")).to_be_visible()
        expect(person.page.get_by_role("heading", name="Задачи")).to_be_hidden()
        assert any("404" in complaint for complaint in person.complaints)


def test_a_tab_crashes(browser: Browser, ready: dict[str, Any]) -> None:
    with (
        guest(browser, ready, MANAGER) as person,
        fault(ready, "tab-crash"),
        person.page.expect_event("crash", timeout=WAIT_MS),
    ):
        person.page.goto(ready["web"] + TASKS, wait_until="commit")


def test_events_never_come(browser: Browser, ready: dict[str, Any], visitor: Visitor) -> None:
    manager = visitor.manager()
    with guest(browser, ready, MANAGER) as person, visitor.task(manager) as task:
        page = person.go_live(TASKS)
        path = f"/api/v1/tasks/{task['id']}"
        with fault(ready, "event-never"):
            manager.http.post(f"{path}/assign", json={"userId": visitor.operator().id})
        manager.http.post(f"{path}/start")
        expect(row(page, task["taskNumber"])).to_contain_text(IN_PROGRESS)
        assert [event["status"] for event in person.heard("task:updated")] == ["in_progress"]


def test_events_go_to_strangers(browser: Browser, ready: dict[str, Any], visitor: Visitor) -> None:
    manager = visitor.manager()
    with (
        guest(browser, ready, MANAGER) as person,
        guest(browser, ready, STRANGER) as stranger,
        visitor.task(manager) as task,
    ):
        page, other = person.go_live(TASKS), stranger.go_live(TASKS)
        path = f"/api/v1/tasks/{task['id']}"
        with fault(ready, "event-wrong-person"):
            manager.http.post(f"{path}/assign", json={"userId": visitor.operator().id})
            expect(other.get_by_role("log")).to_have_text(f"#{task['taskNumber']}: Назначена")
        manager.http.post(f"{path}/start")
        expect(row(page, task["taskNumber"])).to_contain_text(IN_PROGRESS)
        assert [event["status"] for event in person.heard("task:updated")] == ["in_progress"]
        assert [event["status"] for event in stranger.heard("task:updated")] == ["assigned"]


def test_a_page_needs_a_reload(browser: Browser, ready: dict[str, Any], visitor: Visitor) -> None:
    manager = visitor.manager()
    with guest(browser, ready, MANAGER) as person, visitor.task(manager) as task:
        with fault(ready, "page-needs-reload"):
            page = person.go_live(TASKS)
        manager.http.post(
            f"/api/v1/tasks/{task['id']}/assign", json={"userId": visitor.operator().id}
        )
        while not person.heard("task:updated"):
            page.evaluate("fetch('/api/v1/health').then(() => null)")
        expect(row(page, task["taskNumber"])).to_contain_text("Ожидает")
        expect(page.get_by_role("log")).to_be_empty()
        page.reload()
        expect(row(page, task["taskNumber"])).to_contain_text("Назначена")


def test_without_a_websocket_a_page_asks_again(
    browser: Browser, ready: dict[str, Any], visitor: Visitor
) -> None:
    manager = visitor.manager()
    with guest(browser, ready, MANAGER) as person, visitor.task(manager) as task:
        with fault(ready, "events-by-polling"):
            page = person.go(TASKS)
            expect(page.get_by_role("status", name="Обновления")).to_have_text("опрос")
        manager.http.post(
            f"/api/v1/tasks/{task['id']}/assign", json={"userId": visitor.operator().id}
        )
        expect(row(page, task["taskNumber"])).to_contain_text("Назначена")
        assert person.frames == []
