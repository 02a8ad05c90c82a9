"""Every route under /api/v1: its handler, the least role, and the status of success."""

from standin.api import auth, dashboard, health, notifications, storage, task_actions, tasks
from standin.api.endpoint import Handler

PREFIX = "/api/v1"
PUBLIC = ""

RouteRow = tuple[str, str, Handler, str, int]


def rows() -> list[RouteRow]:
    """Return method, path under the prefix, handler, least role (or PUBLIC) and status."""
    return [
        # Health comes first: it is asked most, and routes are tried in order.
        ("GET", "/health", health.health, PUBLIC, 200),
        ("GET", "/health/live", health.live, PUBLIC, 200),
        ("GET", "/health/ready", health.ready, PUBLIC, 200),
        ("GET", "/health/detailed", health.detailed, PUBLIC, 200),
        ("GET", "/health/version", health.Version(), PUBLIC, 200),
        ("GET", "/telegram-bot/health", health.health, PUBLIC, 200),
        ("GET", "/metrics", health.metrics, PUBLIC, 200),
        ("GET", "/monitoring/health", health.monitoring, PUBLIC, 200),
        ("GET", "/monitoring/metrics", health.monitoring, PUBLIC, 200),
        ("GET", "/admin/queues/health", health.queues, "admin", 200),
        ("POST", "/telegram/webhook/staff", health.bot_webhook, PUBLIC, 200),
        ("POST", "/telegram/webhook/customer", health.bot_webhook, PUBLIC, 200),
        ("POST", "/auth/login", auth.login, PUBLIC, 200),
        ("POST", "/auth/telegram", auth.telegram_login, PUBLIC, 200),
        ("POST", "/auth/refresh", auth.refresh, PUBLIC, 200),
        ("POST", "/auth/logout", auth.logout, "viewer", 200),
        ("GET", "/auth/me", auth.me, "viewer", 200),
        ("GET", "/auth/socket-token", auth.socket_token, PUBLIC, 200),
        ("GET", "/auth/password/requirements", auth.password_requirements, PUBLIC, 200),
        ("POST", "/tasks", tasks.create, "manager", 201),
        ("GET", "/tasks", tasks.listed, "operator", 200),
        ("GET", "/tasks/my", tasks.mine, "operator", 200),
        ("GET", "/tasks/kanban", tasks.kanban, "operator", 200),
        ("GET", "/tasks/stats", tasks.stats, "manager", 200),
        ("GET", "/tasks/overdue", tasks.overdue, "manager", 200),
        ("GET", "/tasks/{id}", tasks.one, "operator", 200),
        ("PATCH", "/tasks/{id}", tasks.change, "manager", 200),
        ("DELETE", "/tasks/{id}", task_actions.delete, "admin", 204),
        ("POST", "/tasks/{id}/assign", task_actions.assign, "manager", 201),
        ("POST", "/tasks/{id}/start", task_actions.start, "operator", 201),
        ("POST", "/tasks/{id}/photo-before", task_actions.photo_before, "operator", 201),
        ("POST", "/tasks/{id}/photo-after", task_actions.photo_after, "operator", 201),
        ("POST", "/tasks/{id}/complete", task_actions.complete, "operator", 201),
        ("POST", "/tasks/{id}/postpone", task_actions.postpone, "operator", 201),
        ("POST", "/tasks/{id}/reject", task_actions.reject, "manager", 201),
        ("POST", "/tasks/{id}/cancel", task_actions.cancel, "manager", 201),
        ("GET", "/tasks/{id}/photos", task_actions.photos, "operator", 200),
        ("POST", "/tasks/{id}/photos", task_actions.add_photo, "operator", 201),
        ("GET", "/machines", dashboard.machines, "viewer", 200),
        ("GET", "/machines/simple", dashboard.machines_simple, "viewer", 200),
        ("GET", "/machines/{id}", dashboard.machine, "viewer", 200),
        ("GET", "/users", dashboard.people, "manager", 200),
        ("POST", "/storage/upload", storage.upload, "operator", 201),
        ("GET", "/storage/config", storage.config, "operator", 200),
        ("GET", "/storage/files/exists/{key:path}", storage.exists, "operator", 200),
        ("DELETE", "/storage/files/{key:path}", storage.delete, "manager", 204),
        ("POST", "/notifications", notifications.create, "manager", 201),
        ("GET", "/notifications", notifications.listed, "viewer", 200),
        ("GET", "/analytics/dashboard", dashboard.summary, "accountant", 200),
        ("GET", "/analytics/daily", dashboard.daily, "accountant", 200),
        ("GET", "/analytics/top-products", dashboard.top_products, "accountant", 200),
        ("GET", "/orders", dashboard.orders, "accountant", 200),
        ("GET", "/orders/stats", dashboard.order_stats, "accountant", 200),
        ("GET", "/alerts", dashboard.alerts, "manager", 200),
    ]
