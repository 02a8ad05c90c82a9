"""The task routes (facts 5.2)."""

import json

from standin.api import bodies
from standin.api.bodies import Field
from standin.api.call import Call
from standin.api.database import Row
from standin.api.envelope import ApiError
from standin.api.task_states import ACTIVE, PRIORITIES, STATUSES, TYPES, refuse_move
from standin.api.task_store import (
    add_task,
    changed,
    shown,
    stamps,
    task_of,
    tasks_where,
)

_PAGE = 20
_FOREIGN = "Нет доступа к данной организации"
_DETAILS = (
    Field("priority", bodies.one_of(*PRIORITIES)),
    Field("description", bodies.text()),
    Field("dueDate", bodies.moment),
    Field("locationId", bodies.identifier),
    Field("assignedToId", bodies.identifier),
    Field("estimatedDurationMinutes", bodies.number(0)),
    Field("checklist", bodies.listing),
    Field("notes", bodies.text()),
    Field("metadata", bodies.mapping),
)


async def create(call: Call) -> Row:
    """Create a task; in VendHub-OS its title goes nowhere."""
    given = bodies.checked(
        await call.body(),
        Field("type", bodies.one_of(*TYPES), is_required=True),
        Field("title", bodies.text(1, 255), is_required=True),
        Field("organizationId", bodies.identifier, is_required=True),
        Field("machineId", bodies.identifier),
        *_DETAILS,
    )
    if given["organizationId"] != call.user.organization_id and not call.user.is_owner:
        raise ApiError(403, _FOREIGN)
    task = add_task(call, given)
    await call.services.sockets.tell_of_task("task:created", task)
    return shown(task)


async def listed(call: Call) -> Row:
    """List tasks; VendHub-OS always answers the first twenty."""
    query = call.query
    columns = {
        "status": "status",
        "type": "type_code",
        "machineId": "machine_id",
        "assigneeId": "assigned_to_user_id",
        "priority": "priority",
    }
    wanted = {columns[name]: value for name, value in query.items() if name in columns}
    search = query.get("search", "").lower()
    rows = [
        row
        for row in tasks_where(call, "1 = 1")
        if all(row[column] == value for column, value in wanted.items())
        and (
            search in row["task_number"].lower()
            or search in (row["description"] or "").lower()
            or search in (row["title"] or "").lower()
        )
    ]
    page, limit = _paging(query) if call.services.settings.is_complete else (1, _PAGE)
    return {
        "data": [shown(row) for row in rows[(page - 1) * limit : page * limit]],
        "total": len(rows),
        "page": page,
        "limit": limit,
        "totalPages": -(-len(rows) // limit),
    }


async def one(call: Call) -> Row:
    """Answer one task."""
    return shown(task_of(call))


async def mine(call: Call) -> list[Row]:
    """List what is assigned to the caller and not finished."""
    rows = tasks_where(
        call,
        "assigned_to_user_id = ? AND tasks.status IN ('assigned', 'in_progress', 'postponed')",
        call.user.id,
    )
    return [shown(row) for row in rows]


async def kanban(call: Call) -> Row:
    """List all tasks by status."""
    board: Row = {status: [] for status in STATUSES}
    for row in tasks_where(call, "1 = 1"):
        board[row["status"]].append(shown(row))
    return board


async def stats(call: Call) -> Row:
    """Count tasks by status, type and priority."""
    rows = tasks_where(call, "1 = 1")
    durations = [row["actual_duration"] for row in rows if row["actual_duration"] is not None]
    return {
        "total": len(rows),
        "byStatus": _counts(rows, "status"),
        "byType": _counts(rows, "type_code"),
        "byPriority": _counts(rows, "priority"),
        "avgCompletionMinutes": round(sum(durations) / len(durations)) if durations else 0,
        "overdueCount": len(_overdue(call, rows)),
    }


async def overdue(call: Call) -> list[Row]:
    """List active tasks whose due date has passed."""
    return [shown(row) for row in _overdue(call, tasks_where(call, "1 = 1"))]


async def change(call: Call) -> Row:
    """Change details or the status; the move is checked, photos are not."""
    given = bodies.checked(
        await call.body(),
        Field("type", bodies.one_of(*TYPES)),
        Field("status", bodies.one_of(*STATUSES)),
        Field("title", bodies.text(1, 255)),
        Field("machineId", bodies.identifier),
        *_DETAILS,
    )
    task = task_of(call)
    columns: Row = {}
    if "status" in given and given["status"] != task["status"]:
        refuse_move(task["status"], given["status"])
        columns |= {"status": given["status"], **stamps(call.services, task, given["status"])}
    names = {"type": "type_code", "dueDate": "due_date", "machineId": "machine_id"}
    for name in ("type", "priority", "description", "dueDate", "machineId"):
        if name in given:
            columns[names.get(name, name)] = given[name]
    for name in ("checklist", "metadata"):
        if name in given:
            columns[name] = json.dumps(given[name])
    if "title" in given and call.services.settings.is_complete:
        columns["title"] = given["title"]
    return await changed(call, task, **columns)


def _overdue(call: Call, rows: list[Row]) -> list[Row]:
    now = call.services.clock.iso()
    return [row for row in rows if row["status"] in ACTIVE and (row["due_date"] or now) < now]


def _counts(rows: list[Row], column: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row[column]] = counts.get(row[column], 0) + 1
    return counts


def _paging(query: dict[str, str]) -> tuple[int, int]:
    page, limit = query.get("page", "1"), query.get("limit", str(_PAGE))
    if not (page.isdecimal() and limit.isdecimal() and int(page) and 0 < int(limit) <= 100):  # noqa: PLR2004 - the largest page
        raise ApiError(400, "page and limit must be positive numbers", "VALIDATION_ERROR")
    return int(page), int(limit)
