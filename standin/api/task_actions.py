"""What is done to a task after it was made: assign, work, finish, end (facts 5.2)."""

import uuid
from typing import Any

from standin.api import bodies
from standin.api.bodies import Field
from standin.api.call import Call
from standin.api.database import Row
from standin.api.envelope import ApiError
from standin.api.task_states import refuse_move
from standin.api.task_store import change_task, changed, stamps, task_of

_PLACE = (
    Field("latitude", bodies.number(-90, 90)),
    Field("longitude", bodies.number(-180, 180)),
)
_PHOTO_URL = Field("photoUrl", bodies.text(1, 1000), is_required=True)


async def assign(call: Call) -> Row:
    """Give a pending or postponed task to a user."""
    given = bodies.checked(await call.body(), Field("userId", bodies.identifier, is_required=True))
    task = task_of(call)
    user = call.services.database.row("SELECT id FROM users WHERE id = ?", given["userId"])
    if user is None:
        raise ApiError(404, f"User with ID {given['userId']} not found")
    refuse_move(task["status"], "assigned")
    return await changed(call, task, status="assigned", assigned_to_user_id=user["id"])


async def start(call: Call) -> Row:
    """Start an assigned task; no photo is needed for it."""
    task = _task_to_work_on(call)
    refuse_move(task["status"], "in_progress")
    return await _moved(call, task, "in_progress")


async def photo_before(call: Call) -> Row:
    """Keep the URL of the photo before; only while in progress."""
    given = bodies.checked(await call.body(), _PHOTO_URL, *_PLACE)
    task = _task_to_work_on(call)
    _refuse_unless_in_progress(task)
    return await changed(call, task, photo_before_url=given["photoUrl"], has_photo_before=1)


async def photo_after(call: Call) -> Row:
    """Keep the URL of the photo after, which itself completes the task."""
    given = bodies.checked(
        await call.body(), _PHOTO_URL, Field("completionNotes", bodies.text(0, 2000)), *_PLACE
    )
    task = _task_to_work_on(call)
    if call.services.settings.is_complete:
        _refuse_unless_in_progress(task)
    if task["requires_photo_before"] and not task["has_photo_before"]:
        raise ApiError(400, "Photo before is required first")
    return await _moved(
        call,
        task,
        "completed",
        photo_after_url=given["photoUrl"],
        has_photo_after=1,
        completion_notes=given.get("completionNotes", task["completion_notes"]),
        completed_latitude=given.get("latitude"),
        completed_longitude=given.get("longitude"),
    )


async def complete(call: Call) -> Row:
    """Complete a task that has its photos; a completed one is completed again."""
    given = await call.body()
    task = _task_to_work_on(call)
    if call.services.settings.is_complete and task["status"] != "completed":
        refuse_move(task["status"], "completed")
    for moment in ("before", "after"):
        if task[f"requires_photo_{moment}"] and not task[f"has_photo_{moment}"]:
            raise ApiError(400, f"Photo {moment} is required")
    place = given.get("location") or {}
    return await _moved(
        call,
        task,
        "completed",
        completion_notes=given.get("completionNotes", task["completion_notes"]),
        actual_cash_amount=given.get("collectedCash", task["actual_cash_amount"]),
        completed_latitude=place.get("latitude", task["completed_latitude"]),
        completed_longitude=place.get("longitude", task["completed_longitude"]),
    )


async def postpone(call: Call) -> Row:
    """Put a task off, with a reason."""
    given = bodies.checked(await call.body(), Field("reason", bodies.text(1), is_required=True))
    task = task_of(call)
    refuse_move(task["status"], "postponed")
    return await changed(call, task, status="postponed", postpone_reason=given["reason"])


async def reject(call: Call) -> Row:
    """Reject a completed task, with a reason."""
    given = bodies.checked(await call.body(), Field("reason", bodies.text(1), is_required=True))
    task = task_of(call)
    refuse_move(task["status"], "rejected")
    return await changed(
        call,
        task,
        status="rejected",
        rejection_reason=given["reason"],
        rejected_by_user_id=call.user.id,
        rejected_at=call.services.clock.iso(),
    )


async def cancel(call: Call) -> Row:
    """Cancel a task: the only clean end of one that shall not be completed."""
    task = _task_to_work_on(call)
    refuse_move(task["status"], "cancelled")
    return await changed(call, task, status="cancelled")


async def delete(call: Call) -> None:
    """Hide a task; its number stays taken (facts 0.9)."""
    task = task_of(call)
    change_task(call.services, task, deleted_at=call.services.clock.iso())


async def photos(call: Call) -> list[Row]:
    """List a task's further photos."""
    return [
        {"id": row["id"], "taskId": row["task_id"], "category": row["category"], "url": row["url"]}
        for row in call.services.database.rows(
            "SELECT * FROM task_photos WHERE task_id = ?", task_of(call)["id"]
        )
    ]


async def add_photo(call: Call) -> Row:
    """Keep a further photo; it does not count as the photo before or after."""
    given = bodies.checked(
        await call.body(),
        Field("category", bodies.text(1, 50), is_required=True),
        Field("url", bodies.text(1, 1000), is_required=True),
        Field("description", bodies.text()),
    )
    task, identifier = task_of(call), str(uuid.uuid4())
    call.services.database.insert(
        "task_photos",
        id=identifier,
        task_id=task["id"],
        created_at=call.services.clock.iso(),
        **given,
    )
    return {"id": identifier, "taskId": task["id"], **given}


def _task_to_work_on(call: Call) -> Row:
    """VendHub-OS does not confine start, photos, complete and cancel to the caller's tenant."""
    return task_of(call, any_organization=not call.services.settings.is_complete)


def _refuse_unless_in_progress(task: Row) -> None:
    if task["status"] != "in_progress":
        raise ApiError(400, f"Task must be in_progress for a photo, it is {task['status']}")


async def _moved(call: Call, task: Row, status: str, **columns: Any) -> Row:
    return await changed(
        call, task, status=status, **columns, **stamps(call.services, task, status)
    )
