"""Tasks in the database: numbering, one active task a machine, reading and changing."""

import json
import re
import uuid
from datetime import datetime
from typing import Any

from standin.api.call import Call, Services
from standin.api.database import Row
from standin.api.envelope import ApiError

_BOOLEANS = (
    "has_photo_before",
    "has_photo_after",
    "requires_photo_before",
    "requires_photo_after",
    "pending_photos",
    "offline_completed",
)
_DOCUMENTS = ("checklist", "metadata")
_INTERNAL = ("deleted_at", "machine_number", "machine_name")
_SELECT = (
    "SELECT tasks.*, machines.machine_number, machines.name AS machine_name"
    " FROM tasks JOIN machines ON machines.id = tasks.machine_id"
)


def camel(name: str) -> str:
    """Write a column's name as the API does: `task_number` is `taskNumber`."""
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def shown(row: Row) -> Row:
    """Write a row of `tasks` as the API answers it; VendHub-OS has no title (facts 5.1)."""
    task: Row = {camel(name): value for name, value in row.items() if name not in _INTERNAL}
    for name in _BOOLEANS:
        task[camel(name)] = bool(row[name])
    for name in _DOCUMENTS:
        task[name] = json.loads(row[name]) if row[name] else None
    task["machine"] = {
        "id": row["machine_id"],
        "machineNumber": row["machine_number"],
        "name": row["machine_name"],
    }
    return task


def task_of(call: Call, *, any_organization: bool = False) -> Row:
    """Return the task that the path names; raises ApiError 404 for another tenant's."""
    row = call.services.database.row(
        f"{_SELECT} WHERE tasks.id = ? AND tasks.deleted_at IS NULL", call.parameters["id"]
    )
    is_visible = any_organization or call.user.is_owner
    if row is None or not (is_visible or row["organization_id"] == call.user.organization_id):
        raise ApiError(404, f"Task with ID {call.parameters['id']} not found")
    return row


def tasks_where(call: Call, condition: str, *values: Any) -> list[Row]:
    """Return the caller's tasks, by due date with those without one last.

    `condition` is a constant of the code, with a mark for every value.
    """
    if call.services.faults.on("task-not-listed"):
        condition = f"({condition}) AND tasks.created_at < ?"
        values = (*values, call.services.clock.iso(call.services.settings.started))
    scope = "1 = ?" if call.user.is_owner else "tasks.organization_id = ?"
    tenant = 1 if call.user.is_owner else call.user.organization_id
    return call.services.database.rows(
        f"{_SELECT} WHERE tasks.deleted_at IS NULL AND {scope} AND ({condition})"
        " ORDER BY tasks.due_date IS NULL, tasks.due_date, tasks.task_number",
        tenant,
        *values,
    )


def add_task(call: Call, given: Row) -> Row:
    """Create a pending task; raises ApiError 400 while its machine has an active one."""
    services, user = call.services, call.user
    machine_id = given.get("machineId")
    busy = services.database.row(
        "SELECT task_number FROM tasks WHERE machine_id = ? AND deleted_at IS NULL"
        " AND status IN ('pending', 'assigned', 'in_progress')",
        machine_id,
    )
    if busy is not None:
        number = busy["task_number"]
        raise ApiError(400, f"Machine {machine_id} already has an active task: {number}")
    identifier, now = str(uuid.uuid4()), services.clock.iso()
    kept = _kept(given) if services.settings.is_complete else {}
    with services.database.transaction():
        services.database.insert(
            "tasks",
            id=identifier,
            organization_id=given["organizationId"],
            task_number=_next_number(services),
            type_code=given["type"],
            status="pending",
            priority=given.get("priority", "normal"),
            machine_id=machine_id,
            created_by_user_id=user.id,
            due_date=given.get("dueDate"),
            description=given.get("description"),
            checklist=json.dumps(given["checklist"]) if "checklist" in given else None,
            metadata=json.dumps(given.get("metadata", {})),
            created_at=now,
            updated_at=now,
            **kept,
        )
    return _read(services, identifier)


def change_task(services: Services, task: Row, **columns: Any) -> Row:
    """Write columns of a task and return its new row."""
    if columns.get("status") == "completed" and services.faults.on("completion-lost"):
        return {**task, **columns}
    services.database.update("tasks", task["id"], updated_at=services.clock.iso(), **columns)
    return _read(services, task["id"])


async def changed(call: Call, task: Row, **columns: Any) -> Row:
    """Write columns of a task, tell the sockets, and return the task as the API answers it."""
    new = change_task(call.services, task, **columns)
    await call.services.sockets.tell_of_task("task:updated", new)
    return shown(new)


def stamps(services: Services, task: Row, status: str) -> Row:
    """Return the columns that a move to a status fills: when, and minutes taken."""
    if status == "in_progress":
        return {"started_at": services.clock.iso()}
    if status == "completed":
        return {
            "completed_at": services.clock.iso(),
            "actual_duration": _minutes_since(services, task["started_at"]),
        }
    return {}


def _minutes_since(services: Services, started_at: str | None) -> int:
    if started_at is None:
        return 0
    return round((services.clock.now() - datetime.fromisoformat(started_at).timestamp()) / 60)


def _kept(given: Row) -> Row:
    return {
        "title": given["title"],
        "estimated_duration": given.get("estimatedDurationMinutes"),
        "completion_notes": given.get("notes"),
    }


def _read(services: Services, identifier: str) -> Row:
    row = services.database.row(f"{_SELECT} WHERE tasks.id = ?", identifier)
    if row is None:
        raise ApiError(404, f"Task with ID {identifier} not found")
    return row


def _next_number(services: Services) -> str:
    """VendHub-OS counts what is not deleted, so a deleted task's number comes again (facts 0.9)."""
    day = datetime.fromtimestamp(services.clock.now()).astimezone()
    prefix = f"TASK-{day:%Y%m%d}-"
    counted = "" if services.settings.is_complete else " AND deleted_at IS NULL"
    count = services.database.number(
        f"SELECT count(*) FROM tasks WHERE task_number LIKE ?{counted}",  # noqa: S608 - constants of this function
        f"{prefix}%",
    )
    return f"{prefix}{int(count) + 1:04d}"
