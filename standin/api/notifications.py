"""Notifications: kept, listed, and told to open sockets (facts 6)."""

import json
import uuid

from standin.api import bodies
from standin.api.bodies import Field
from standin.api.call import Call
from standin.api.database import Row
from standin.api.envelope import ApiError

_PAGE = 20


async def create(call: Call) -> Row:
    """Keep a notification and tell its addressee, who hears it in two rooms."""
    given = bodies.checked(
        await call.body(),
        Field("title", bodies.text(1, 255), is_required=True),
        Field("body", bodies.text(1, 2000), is_required=True),
        Field("type", bodies.text(1, 50), is_required=True),
        Field("priority", bodies.one_of("low", "normal", "high", "urgent")),
        Field("data", bodies.mapping),
        Field("userId", bodies.identifier),
    )
    services, user = call.services, call.user
    if user_id := given.get("userId"):
        addressee = services.database.row(
            "SELECT id FROM users WHERE id = ? AND organization_id = ?",
            user_id,
            user.organization_id,
        )
        if addressee is None:
            raise ApiError(404, f"User with ID {user_id} not found")
    notification = {"id": str(uuid.uuid4()), **given, "createdAt": services.clock.iso()}
    services.database.insert(
        "notifications",
        id=notification["id"],
        organization_id=user.organization_id,
        user_id=given.get("userId"),
        title=given["title"],
        body=given["body"],
        type=given["type"],
        priority=given.get("priority"),
        data=json.dumps(given["data"]) if "data" in given else None,
        created_at=notification["createdAt"],
    )
    await services.sockets.tell_of_notification(notification, user.organization_id)
    return notification


async def listed(call: Call) -> Row:
    """The caller's own notifications and those for everybody, newest first."""
    rows = call.services.database.rows(
        "SELECT id, title, body, type, priority, data, user_id AS userId, created_at AS createdAt"
        " FROM notifications WHERE organization_id = ? AND (user_id IS NULL OR user_id = ?)"
        " ORDER BY created_at DESC",
        call.user.organization_id,
        call.user.id,
    )
    for row in rows:
        row["data"] = json.loads(row["data"]) if row["data"] else None
    return {
        "data": rows[:_PAGE],
        "total": len(rows),
        "page": 1,
        "limit": _PAGE,
        "totalPages": -(-len(rows) // _PAGE),
    }
