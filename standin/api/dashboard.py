"""What the dashboard page asks for: figures, orders, machines, alerts, people (facts 4)."""

from standin.api.call import Call
from standin.api.database import Row
from standin.api.envelope import ApiError
from standin.api.task_store import camel

_SOLD = "FROM orders WHERE organization_id = ? AND status = 'completed'"
_DAY = "substr(created_at, 1, 10)"
_FIGURES = {
    "activeMachines": "SELECT count(*) FROM machines WHERE organization_id = ?",
    "activeClients": f"SELECT count(DISTINCT customer) {_SOLD}",
    "lowStock": "SELECT count(*) FROM alerts WHERE organization_id = ? AND status = 'active'",
    "openTasks": (
        "SELECT count(*) FROM tasks WHERE organization_id = ? AND deleted_at IS NULL"
        " AND status IN ('pending', 'assigned', 'in_progress')"
    ),
    "collected": "SELECT sum(actual_cash_amount) FROM tasks WHERE organization_id = ?",
}
_USER_COLUMNS = "id, email, first_name, last_name, role, status, organization_id, created_at"


async def summary(call: Call) -> Row:
    """The dashboard's widgets and the newest figures."""
    figures = {
        name: call.services.database.number(statement, call.user.organization_id)
        for name, statement in _FIGURES.items()
    }
    return {"widgets": [], "latestStats": {**_sales(call), **figures}}


async def daily(call: Call) -> list[Row]:
    """Orders and revenue a day, from `from` to `to` (both inclusive dates, UTC)."""
    since, until = _span(call)
    return call.services.database.rows(
        f"SELECT {_DAY} AS date, count(*) AS totalOrders, sum(total_amount) AS totalRevenue"
        f" {_SOLD} AND {_DAY} BETWEEN ? AND ? GROUP BY 1 ORDER BY 1",
        call.user.organization_id,
        since,
        until,
    )


async def top_products(call: Call) -> list[Row]:
    """Products by quantity sold, from `from` to `to`."""
    since, until = _span(call)
    return call.services.database.rows(
        "SELECT product AS name, count(*) AS quantity, sum(total_amount) AS revenue"
        f" {_SOLD} AND {_DAY} BETWEEN ? AND ? GROUP BY 1 ORDER BY 2 DESC, 1",
        call.user.organization_id,
        since,
        until,
    )


async def order_stats(call: Call) -> Row:
    """All orders in three figures; VendHub-OS's page reads other names than these."""
    return _sales(call)


async def orders(call: Call) -> Row:
    """The newest orders, a page of them under `items`."""
    limit_text = call.query.get("limit", "20")
    limit = min(int(limit_text), 100) if limit_text.isdecimal() and int(limit_text) else 20
    rows = call.services.database.rows(
        "SELECT * FROM orders WHERE organization_id = ? ORDER BY created_at DESC",
        call.user.organization_id,
    )
    return {
        "items": [_shown(row) for row in rows[:limit]],
        "total": len(rows),
        "page": 1,
        "limit": limit,
        "totalPages": -(-len(rows) // limit),
    }


async def alerts(call: Call) -> list[Row]:
    """Active alerts: a bare array."""
    rows = call.services.database.rows(
        "SELECT * FROM alerts WHERE organization_id = ? ORDER BY created_at DESC",
        call.user.organization_id,
    )
    return [_shown(row) for row in rows]


async def machines(call: Call) -> Row:
    """All machines of the organization, as one page."""
    rows = [_shown(row) for row in _machines(call)]
    return {"data": rows, "total": len(rows), "page": 1, "limit": 50, "totalPages": 1}


async def machines_simple(call: Call) -> list[Row]:
    """Machines for a choice: a bare array."""
    return [
        {"id": row["id"], "name": row["name"], "machineNumber": row["machine_number"]}
        for row in _machines(call)
    ]


async def machine(call: Call) -> Row:
    """One machine."""
    for row in _machines(call):
        if row["id"] == call.parameters["id"]:
            return _shown(row)
    raise ApiError(404, f"Machine with ID {call.parameters['id']} not found")


async def people(call: Call) -> Row:
    """The organization's users, as one page."""
    rows = call.services.database.rows(
        f"SELECT {_USER_COLUMNS} FROM users WHERE organization_id = ? ORDER BY email",  # noqa: S608 - constants of this file
        call.user.organization_id,
    )
    page = [_shown(row) for row in rows]
    return {"data": page, "total": len(page), "page": 1, "limit": 50, "totalPages": 1}


def _machines(call: Call) -> list[Row]:
    return call.services.database.rows(
        "SELECT * FROM machines WHERE organization_id = ? ORDER BY machine_number",
        call.user.organization_id,
    )


def _sales(call: Call) -> Row:
    row = call.services.database.row(
        f"SELECT count(*) AS n, coalesce(sum(total_amount), 0) AS uzs {_SOLD}",
        call.user.organization_id,
    ) or {"n": 0, "uzs": 0}
    return {
        "totalOrders": row["n"],
        "totalRevenue": row["uzs"],
        "averageOrderValue": round(row["uzs"] / row["n"]) if row["n"] else 0,
    }


def _span(call: Call) -> tuple[str, str]:
    query = call.query
    return query.get("from", "0000")[:10], query.get("to", "9999")[:10]


def _shown(row: Row) -> Row:
    return {camel(name): value for name, value in row.items()}
