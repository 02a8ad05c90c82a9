"""Every fault inside the API shows what the catalogue says, and is gone when it is switched off."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import socketio  # type: ignore[import-untyped]  # ships no types
from standin_process import running_standin
from standin_visitor import PASSWORD, Socket, Visitor, fault

HEALTH = "/api/v1/health"
READY = "/api/v1/health/ready"
VERSION = "/api/v1/health/version"
EVIL = "https://evil.example"
CORS = "access-control-allow-origin"

Symptom = Callable[[Visitor], bool]


def data(visitor: Visitor, path: str) -> Any:
    return visitor.http.get(path).json()["data"]


def info(visitor: Visitor) -> dict[str, Any]:
    found: dict[str, Any] = data(visitor, "/api/v1/health/detailed")["info"]
    return found


def login(visitor: Visitor) -> httpx.Response:
    sent = {"email": "manager@demo.uz", "password": PASSWORD}
    return visitor.http.post("/api/v1/auth/login", json=sent)


def database_is_gone(visitor: Visitor) -> bool:
    refused = visitor.http.get(READY)
    if refused.status_code == 200:
        return False
    body = refused.json()
    body.pop("timestamp")
    assert body == {
        "success": False,
        "statusCode": 503,
        "errorCode": "INTERNAL_ERROR",
        "message": "Internal server error",
        "path": READY,
    }
    assert refused.headers["cache-control"] == "no-cache, no-store, must-revalidate"
    assert visitor.http.get("/api/v1/health/detailed").status_code == 503
    assert login(visitor).status_code == 500
    metrics = {"x-metrics-token": visitor.ready["metrics_token"]}
    for path in (HEALTH, "/api/v1/health/live", "/api/v1/metrics"):
        assert visitor.http.get(path, headers=metrics).status_code == 200
    return True


def older_instance_answers(visitor: Visitor) -> bool:
    answers = [data(visitor, VERSION) for _ in range(4)]
    versions = [answer["version"] for answer in answers]
    starts = [time.time() - answer["uptime"] for answer in answers]
    is_seen = len(set(versions)) == 2
    assert is_seen == (max(starts) - min(starts) > 3600)
    assert not is_seen or versions[0] == versions[2] != versions[1] == versions[3]
    return is_seen


def clock_is_off(visitor: Visitor) -> bool:
    answer = visitor.http.get(HEALTH)
    told = datetime.fromisoformat(answer.json()["timestamp"])
    behind = (datetime.now(UTC) - told).total_seconds()
    me = visitor.manager().http.get("/api/v1/auth/me")
    assert me.status_code == 200
    return 115 < behind < 125


def is_slow(visitor: Visitor) -> bool:
    started = time.monotonic()
    visitor.http.get("/nowhere")
    return time.monotonic() - started >= 0.4


def allowed(visitor: Visitor, origin: str) -> str | None:
    answer = visitor.http.get(HEALTH, headers={"Origin": origin})
    found: str | None = answer.headers.get(CORS)
    return found


SYMPTOMS: dict[str, tuple[str, Symptom]] = {
    "database-gone": ("", database_is_gone),
    "component-degraded": ("", lambda v: info(v)["storage"].get("degraded") is True),
    "component-degraded telegram": (
        "telegram",
        lambda v: info(v)["telegram"].get("degraded") is True and len(info(v)) == 7,
    ),
    "component-missing": ("", lambda v: set(data(v, READY)["info"]) == {"database"}),
    "component-missing storage": ("storage", lambda v: "storage" not in info(v)),
    "version-absent": ("", lambda v: "version" not in data(v, VERSION)),
    "old-instance": ("", older_instance_answers),
    "clock-off": ("", clock_is_off),
    "auth-disabled": ("", lambda v: v.http.get("/api/v1/auth/me").status_code == 200),
    "docs-exposed": ("", lambda v: v.http.get("/docs-json").status_code == 200),
    "metrics-exposed": ("", lambda v: v.http.get("/api/v1/metrics").status_code == 200),
    "cors-lost": ("", lambda v: allowed(v, v.ready["web"]) is None),
    "cors-open": ("", lambda v: allowed(v, EVIL) == EVIL),
    "headers-lost": ("", lambda v: "x-frame-options" not in v.http.get(HEALTH).headers),
    "rate-headers-lost": (
        "",
        lambda v: "x-ratelimit-limit-short" not in v.http.get(HEALTH).headers,
    ),
    "envelope-lost": ("", lambda v: "data" not in v.http.get(HEALTH).json()),
    "error-shape-lost": ("", lambda v: v.http.get("/nowhere").text.startswith("<!DOCTYPE html>")),
    "throttle-storm": (
        "",
        lambda v: {v.http.get(path).status_code for path in (HEALTH, READY, "/nowhere")} == {429},
    ),
    "api-slow": ("0.4", is_slow),
}


@pytest.fixture(scope="module")
def ready() -> Iterator[dict[str, Any]]:
    with running_standin() as line:
        yield line


@pytest.mark.parametrize("name", SYMPTOMS)
def test_fault_comes_and_goes(ready: dict[str, Any], name: str) -> None:
    value, has_symptom = SYMPTOMS[name]

    def is_shown() -> bool:
        visitor = Visitor(ready)  # a new one each time, for its rate limits are new
        try:
            return has_symptom(visitor)
        finally:
            visitor.close()

    assert not is_shown()
    with fault(ready, name.split(" ", maxsplit=1)[0], value):
        assert is_shown()
    assert not is_shown()


def test_restarting_keeps_the_uptime_below_two_seconds(ready: dict[str, Any]) -> None:
    visitor = Visitor(ready)
    try:
        with fault(ready, "restarting"):
            assert data(visitor, VERSION)["uptime"] < 2
            token = {"x-metrics-token": ready["metrics_token"]}
            metrics = visitor.http.get("/api/v1/metrics", headers=token).text
            line = next(x for x in metrics.splitlines() if x.startswith("process_start_time"))
            assert time.time() - float(line.split()[1]) < 3
    finally:
        visitor.close()


def outcome(ready: dict[str, Any], *, transport: str = "websocket", good: bool = False) -> str:
    """Connect to the notifications; the first event, or why there is none."""
    visitor = Visitor(ready)
    token = visitor.manager().token if good else "nonsense"

    async def connect() -> str:
        socket = Socket(ready["socket"], "/notifications")
        try:
            await socket.open(token=token, transport=transport)
            return next(iter(await socket.quiet()), "silence")
        except socketio.exceptions.ConnectionError:
            refusals = socket.all("connect_error")
            is_told = refusals and isinstance(refusals[0], dict)
            return str(refusals[0]["message"]) if is_told else "no connection"
        finally:
            await socket.close()

    try:
        return asyncio.run(connect())
    finally:
        visitor.close()


@pytest.mark.parametrize(
    ("name", "bad_token", "good_token"),
    [
        ("sockets-open", "notifications:init", "notifications:init"),
        ("sockets-silent", "silence", "silence"),
        ("sockets-no-namespace", "Invalid namespace", "Invalid namespace"),
        ("sockets-gone", "no connection", "no connection"),
    ],
)
def test_socket_fault_comes_and_goes(
    ready: dict[str, Any], name: str, bad_token: str, good_token: str
) -> None:
    assert outcome(ready) == "disconnect"
    with fault(ready, name):
        assert outcome(ready) == bad_token
        assert outcome(ready, good=True) == good_token
    assert outcome(ready, good=True) == "notifications:init"


def test_without_sockets_the_polling_url_is_404(ready: dict[str, Any]) -> None:
    visitor = Visitor(ready)
    try:
        with fault(ready, "sockets-gone"):
            answer = visitor.http.get("/socket.io/?EIO=4&transport=polling")
            assert (answer.status_code, answer.json()["errorCode"]) == (404, "NOT_FOUND")
    finally:
        visitor.close()


def test_polling_only_refuses_the_websocket(ready: dict[str, Any]) -> None:
    with fault(ready, "sockets-polling-only"):
        assert outcome(ready, good=True) == "no connection"
        assert outcome(ready, good=True, transport="polling") == "notifications:init"
        opened = httpx.get(f"{ready['api']}/socket.io/?EIO=4&transport=polling")
        assert '"upgrades":[]' in opened.text
