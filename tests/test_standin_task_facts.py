"""Holds tasks, files and the dashboard's data to what is known; one row a fact."""

import base64
import re
from collections.abc import Iterator
from typing import Any

import pytest
from standin_fact import BOTH, Fact, Facts, both_profiles, data, refused
from standin_process import running_standin
from standin_visitor import Visitor

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYPhfDwAChAGAZ4gkcQAAAABJRU5ErkJggg=="
)
NO_ID = "00000000-0000-4000-8000-000000000000"

fact = Facts[None]()


@fact("a task's way: create, assign, start, two photos; the second one completes it")
def _(visitor: Visitor) -> None:
    manager, operator = visitor.manager(), visitor.operator()
    with visitor.task(manager) as task:
        assert task["status"] == "pending"
        assert re.fullmatch(r"TASK-\d{8}-\d{4}", task["taskNumber"])
        path = f"/api/v1/tasks/{task['id']}"
        assigned = manager.http.post(f"{path}/assign", json={"userId": operator.id})
        assert data(assigned, 201)["assignedToUserId"] == operator.id
        assert data(operator.http.post(f"{path}/start"), 201)["status"] == "in_progress"
        photo = {"photoUrl": "https://files.example/1.png", "latitude": 41.3, "longitude": 69.2}
        assert data(operator.http.post(f"{path}/photo-before", json=photo), 201)["hasPhotoBefore"]
        done = data(operator.http.post(f"{path}/photo-after", json=photo), 201)
        assert (done["status"], done["photoAfterUrl"]) == ("completed", photo["photoUrl"])
        assert done["completedAt"]
        assert done["actualDuration"] == 0
        assert data(operator.http.post(f"{path}/complete"), 201)["status"] == "completed"
        shown = data(manager.http.get(path))
        assert shown["completedAt"] >= done["completedAt"]


@fact("the title is kept by the complete profile only")
def _(visitor: Visitor) -> None:
    manager = visitor.manager()
    with visitor.task(manager, title="<b>Refill</b> ", description="<i>x</i>") as task:
        assert task["description"] == "x"
        assert task["title"] == ("Refill" if visitor.is_complete else None)


@fact("what a new task is refused for")
def _(visitor: Visitor) -> None:
    manager = visitor.manager()
    for more, status, code in (
        ({"organizationId": None}, 400, "VALIDATION_ERROR"),
        ({"machineId": None}, 400, "DB_NOT_NULL_VIOLATION"),
        ({"machineId": NO_ID}, 400, "DB_FOREIGN_KEY_VIOLATION"),
        ({"organizationId": NO_ID}, 403, "FORBIDDEN"),
        ({"requiresPhotoBefore": False}, 400, "VALIDATION_ERROR"),
        ({"type": "party"}, 400, "VALIDATION_ERROR"),
    ):
        answer = manager.http.post("/api/v1/tasks", json=visitor.new_task(**more))
        refused(answer, status, code)
    refused(manager.http.get("/api/v1/tasks/nonsense"), 400, "BAD_REQUEST")
    refused(manager.http.get(f"/api/v1/tasks/{NO_ID}"), 404, "NOT_FOUND")


@fact("an operator may not create a task, nor a manager delete one")
def _(visitor: Visitor) -> None:
    answer = visitor.operator().http.post("/api/v1/tasks", json=visitor.new_task())
    refused(answer, 403, "FORBIDDEN")
    refused(visitor.manager().http.delete(f"/api/v1/tasks/{NO_ID}"), 403, "FORBIDDEN")


@fact("one active task a machine")
def _(visitor: Visitor) -> None:
    manager = visitor.manager()
    with visitor.task(manager):
        second = manager.http.post("/api/v1/tasks", json=visitor.new_task())
        refused(second, 400, "BAD_REQUEST", "already has an active task")


@fact("photos: only in progress, before first, at most 500 characters, needed to complete")
def _(visitor: Visitor) -> None:
    manager, operator = visitor.manager(), visitor.operator()
    url = {"photoUrl": "https://files.example/1.png"}
    with visitor.task(manager) as task:
        path = f"/api/v1/tasks/{task['id']}"
        post = operator.http.post
        refused(post(f"{path}/photo-before", json=url), 400, "BAD_REQUEST", "in_progress")
        manager.http.post(f"{path}/assign", json={"userId": operator.id})
        post(f"{path}/start")
        after = post(f"{path}/photo-after", json=url)
        refused(after, 400, "BAD_REQUEST", "Photo before is required first")
        long = {"photoUrl": "https://files.example/" + "x" * 600}
        refused(post(f"{path}/photo-before", json=long), 400, "DB_INVALID_DATA")
        extra = {"category": "after", "url": url["photoUrl"]}
        assert post(f"{path}/photos", json=extra).status_code == 201
        assert post(f"{path}/photo-before", json=url).status_code == 201
        refused(post(f"{path}/complete"), 400, "BAD_REQUEST", "Photo after is required")


@fact("a forbidden move is 400 and names both states")
def _(visitor: Visitor) -> None:
    manager = visitor.manager()
    with visitor.task(manager) as task:
        path = f"/api/v1/tasks/{task['id']}"
        answer = manager.http.post(f"{path}/start")
        refused(answer, 400, "BAD_REQUEST", "pending")
        assert "in_progress" in answer.json()["message"]
        rejected = manager.http.post(f"{path}/reject", json={"reason": "no"})
        refused(rejected, 400, "BAD_REQUEST", "rejected")
        assert data(manager.http.post(f"{path}/cancel"), 201)["status"] == "cancelled"
        refused(manager.http.post(f"{path}/cancel"), 400, "BAD_REQUEST", "cancelled")


@fact("lists: search finds a number; only the complete profile turns pages")
def _(visitor: Visitor) -> None:
    manager = visitor.manager()
    with visitor.task(manager) as task:
        found = data(manager.http.get("/api/v1/tasks", params={"search": task["taskNumber"]}))
        assert [row["id"] for row in found["data"]] == [task["id"]]
        page = data(manager.http.get("/api/v1/tasks", params={"limit": 1, "page": 2}))
        assert (page["page"], page["limit"]) == ((2, 1) if visitor.is_complete else (1, 20))
        dues = [row["dueDate"] or "9999" for row in page["data"]]
        assert dues == sorted(dues)


@fact("task figures, board and own list")
def _(visitor: Visitor) -> None:
    manager = visitor.manager()
    stats = data(manager.http.get("/api/v1/tasks/stats"))
    keys = {"total", "byStatus", "byType", "byPriority", "avgCompletionMinutes", "overdueCount"}
    assert set(stats) == keys
    assert "pending" in data(manager.http.get("/api/v1/tasks/kanban"))
    assert isinstance(data(manager.http.get("/api/v1/tasks/overdue")), list)
    mine = data(visitor.operator().http.get("/api/v1/tasks/my"))
    assert {row["status"] for row in mine} <= {"assigned", "in_progress", "postponed"}


@fact("another tenant's manager does not see a task; an owner sees all")
def _(visitor: Visitor) -> None:
    with visitor.task(visitor.manager()) as task:
        path = f"/api/v1/tasks/{task['id']}"
        stranger = visitor.login("manager@other.uz")
        refused(stranger.http.get(path), 404, "NOT_FOUND")
        refused_complete = stranger.http.post(f"{path}/complete")
        assert refused_complete.status_code == (404 if visitor.is_complete else 400)
        assert data(visitor.owner().http.get(path))["id"] == task["id"]


@fact("PATCH moves a task, and checks the move")
def _(visitor: Visitor) -> None:
    manager = visitor.manager()
    with visitor.task(manager) as task:
        path = f"/api/v1/tasks/{task['id']}"
        refused(manager.http.patch(path, json={"status": "completed"}), 400, "BAD_REQUEST")
        changed = data(manager.http.patch(path, json={"priority": "urgent"}))
        assert (changed["priority"], changed["status"]) == ("urgent", "pending")


@fact("an uploaded image is readable back where the answer says, and removable")
def _(visitor: Visitor) -> None:
    manager, operator = visitor.manager(), visitor.operator()
    form = {"folder": "tasks/photos", "category": "image"}
    sent = {"file": ("before photo.png", PNG, "image/png")}
    kept = data(operator.http.post("/api/v1/storage/upload", data=form, files=sent), 201)
    folder = f"org/{visitor.ready['organization']}/tasks/photos"
    name = r"before-photo-\d{13}-[0-9a-f]{16}\.png"
    assert re.fullmatch(f"{folder}/{name}", kept["key"])
    assert (kept["size"], kept["mimeType"]) == (len(PNG), "image/png")
    for url in (kept["url"], kept["cdnUrl"]):
        read = visitor.http.get(url)
        assert (read.content, read.headers["content-type"]) == (PNG, "image/png")
    encoded = kept["key"].replace("/", "%2F")
    path = f"/api/v1/storage/files/exists/{encoded}"
    assert data(operator.http.get(path)) == {"exists": True}
    remove = f"/api/v1/storage/files/{encoded}"
    refused(operator.http.delete(remove), 403, "FORBIDDEN")
    assert manager.http.delete(remove).status_code == 204
    assert data(operator.http.get(path)) == {"exists": False}


@fact("an image is believed by its first bytes only")
def _(visitor: Visitor) -> None:
    operator = visitor.operator()
    for content, kind in ((b"<html>not an image</html>", "image/png"), (PNG, "text/plain")):
        answer = operator.http.post(
            "/api/v1/storage/upload",
            data={"category": "image"},
            files={"file": ("a.png", content, kind)},
        )
        refused(answer, 400, "BAD_REQUEST")
    refused(operator.http.post("/api/v1/storage/upload"), 400, "BAD_REQUEST")
    assert "categories" in data(operator.http.get("/api/v1/storage/config"))


@fact("what the dashboard asks for is there for a manager")
def _(visitor: Visitor) -> None:
    http = visitor.manager().http
    assert set(data(http.get("/api/v1/analytics/dashboard"))) == {"widgets", "latestStats"}
    stats = data(http.get("/api/v1/orders/stats"))
    assert {"totalRevenue", "averageOrderValue", "totalOrders"} <= set(stats)
    orders = data(http.get("/api/v1/orders", params={"limit": 5}))
    assert len(orders["items"]) == 5
    assert isinstance(data(http.get("/api/v1/alerts")), list)
    names = [row["name"] for row in data(http.get("/api/v1/machines/simple"))]
    assert "Smoke machine" in names
    numbers = [row["machineNumber"] for row in data(http.get("/api/v1/machines"))["data"]]
    assert {f"VM-TAS-00{n}" for n in range(1, 5)} < set(numbers)
    assert data(http.get("/api/v1/analytics/daily"))
    assert data(http.get("/api/v1/analytics/top-products"))


@fact("an operator sees neither analytics nor orders nor alerts")
def _(visitor: Visitor) -> None:
    http = visitor.operator().http
    for path in ("analytics/dashboard", "orders", "alerts"):
        refused(http.get(f"/api/v1/{path}"), 403, "FORBIDDEN")


@pytest.fixture(scope="module")
def standins() -> Iterator[dict[str, dict[str, Any]]]:
    with both_profiles() as ready:
        yield ready


@fact.parametrized()
def test_task_fact(standins: dict[str, dict[str, Any]], profile: str, fact: Fact[None]) -> None:
    visitor = Visitor(standins[profile])
    try:
        fact.holds(visitor)
    finally:
        visitor.close()


@pytest.mark.parametrize("profile", BOTH)
def test_deleted_task_spoils_later_numbers_of_the_day_in_vendhub_os_only(profile: str) -> None:
    # A stand-in of its own: the trap lasts for the rest of the day.
    with running_standin("--profile", profile) as ready:
        visitor = Visitor(ready)
        manager = visitor.manager()
        first = data(manager.http.post("/api/v1/tasks", json=visitor.new_task()), 201)
        path = f"/api/v1/tasks/{first['id']}"
        assert visitor.owner().http.delete(path).status_code == 204
        again = manager.http.post("/api/v1/tasks", json=visitor.new_task())
        if profile == "complete":
            assert data(again, 201)["taskNumber"] > first["taskNumber"]
        else:
            message = "A record with this task_number already exists"
            refused(again, 400, "DB_UNIQUE_VIOLATION", message)
        visitor.close()
