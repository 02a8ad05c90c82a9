"""Health, version and the constant answers beside them (facts 2.1)."""

import hmac
import resource
import shutil
import sys
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

from standin.api.call import Call, Services
from standin.api.database import DatabaseGoneError, Row
from standin.api.envelope import Answer, ApiError
from standin.api.metrics import CONTENT_TYPE

_OLDER_VERSION = "2.3.9"
_OLDER_BY_S = timedelta(days=6).total_seconds()
_NO_CACHE = (b"Cache-Control", b"no-cache, no-store, must-revalidate")
_READY = ("database", "redis")
_DETAILED = ("database", "redis", "storage", "telegram", "memory_heap", "memory_rss", "disk")


async def health(call: Call) -> Row:
    """The constant answer: it touches nothing."""
    return {"status": "ok", "timestamp": call.services.clock.iso()}


async def live(call: Call) -> Row:
    """Whether the process has memory left."""
    call.headers.append(_NO_CACHE)
    return _terminus(call.services, ("memory_heap",))


async def ready(call: Call) -> Row:
    """Whether database and Redis answer."""
    call.headers.append(_NO_CACHE)
    return _terminus(call.services, _READY)


async def detailed(call: Call) -> Row:
    """Everything that is configured; storage, telegram and disk only degrade."""
    call.headers.append(_NO_CACHE)
    return _terminus(call.services, _DETAILED)


class Version:
    """Name, version and uptime; remembers whose turn it is when an older instance still runs."""

    def __init__(self) -> None:
        self._is_older = False

    async def __call__(self, call: Call) -> Row:
        """Answer which build runs, and since when."""
        services = call.services
        version, uptime = services.settings.shown_version, services.clock.uptime()
        if services.faults.on("old-instance"):
            self._is_older = not self._is_older
            if self._is_older:
                uptime += _OLDER_BY_S
                version = _OLDER_VERSION if services.settings.is_complete else version
        answer: dict[str, Any] = {"name": "vendhub-api"}
        if not services.faults.on("version-absent"):
            answer["version"] = version
        return {
            **answer,
            "environment": services.settings.environment,
            "nodeVersion": "v20.19.1",
            "uptime": round(uptime, 3),
            "timestamp": services.clock.iso(),
        }


async def metrics(call: Call) -> Answer:
    """Prometheus text; the complete profile asks for the metrics token."""
    services = call.services
    settings = services.settings
    if settings.is_complete and not services.faults.on("metrics-exposed"):
        given = call.header(b"x-metrics-token") or call.query.get("token", "")
        if not hmac.compare_digest(given.encode(), settings.metrics_token.encode()):
            raise ApiError(401, "Invalid metrics token")
    if settings.is_complete:
        with suppress(DatabaseGoneError):
            services.metrics.set_machines_online(
                int(services.database.number("SELECT count(*) FROM machines"))
            )
    return Answer(services.metrics.text(), CONTENT_TYPE)


async def monitoring(_call: Call) -> Row:
    """The second pair of endpoints: METRICS_API_KEY is unset, so nobody gets in."""
    raise ApiError(403, "Invalid metrics API key")


async def bot_webhook(_call: Call) -> Row:
    """The bots' webhooks: without a configured secret every caller is refused (facts 6)."""
    raise ApiError(401, "Invalid webhook secret")


async def queues(_call: Call) -> Row:
    """The state of the background queues."""
    return {"status": "ok", "queues": []}


def _terminus(services: Services, names: tuple[str, ...]) -> Row:
    faults = services.faults
    missing = faults.value("component-missing") if faults.on("component-missing") else ""
    degraded = faults.value("component-degraded") if faults.on("component-degraded") else ""
    try:
        info = {name: _component(services, name) for name in names if name != missing}
    except DatabaseGoneError as error:
        raise ApiError(503, "Service Unavailable") from error
    if degraded in info:
        info[degraded] = _degraded(f"{degraded} check failed: connect ETIMEDOUT")
    return {"status": "ok", "info": info, "error": {}, "details": info}


def _component(services: Services, name: str) -> Row:
    if name == "database":
        started = time.perf_counter()
        services.database.row("SELECT 1")
        return {"status": "up", "responseTime": _since(started), "connected": True}
    if name == "telegram" and not services.settings.is_complete:
        # The observed instance ran with a made-up bot token.
        return _degraded("Telegram API answered 401")
    return _MEASURES[name](services)


def _redis(_services: Services) -> Row:
    return {
        "status": "up",
        "responseTime": "1ms",
        "usedMemory": "1.42M",
        "peakMemory": "1.60M",
        "connectedClients": 4,
    }


def _storage(services: Services) -> Row:
    started = time.perf_counter()
    services.settings.data_dir.stat()
    return {"status": "up", "responseTime": _since(started), "bucket": "vendhub-storage"}


def _telegram(_services: Services) -> Row:
    return {"status": "up", "responseTime": "38ms", "username": "vendhub_standin_bot"}


def _memory(limit: str) -> Row:
    unit = 1 if sys.platform == "darwin" else 1024
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return {"status": "up", "used": f"{used / 1e6:.1f} MB", "threshold": limit}


def _disk(services: Services) -> Row:
    usage = shutil.disk_usage(services.settings.data_dir)
    return {
        "status": "up",
        "total": f"{usage.total / 1e9:.1f} GB",
        "used": f"{usage.used / 1e9:.1f} GB",
        "available": f"{usage.free / 1e9:.1f} GB",
        "usedPercent": f"{100 * usage.used / usage.total:.1f}%",
        "threshold": "90%",
    }


def _degraded(message: str) -> Row:
    return {"status": "up", "degraded": True, "message": message}


def _since(started: float) -> str:
    return f"{round(1000 * (time.perf_counter() - started))}ms"


_MEASURES = {
    "redis": _redis,
    "storage": _storage,
    "telegram": _telegram,
    "memory_heap": lambda _services: _memory("500.0 MB"),
    "memory_rss": lambda _services: _memory("2000.0 MB"),
    "disk": _disk,
}
