"""Holds the stand-in's HTTP conventions to what is known of VendHub-OS; one row a fact."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from standin_fact import BOTH, COMPLETE, VENDHUB_OS, Fact, Facts, both_profiles, data, refused
from standin_visitor import Visitor

NO_ID = "00000000-0000-4000-8000-000000000000"
NO_CACHE = "no-cache, no-store, must-revalidate"

fact = Facts[None]()


def get(
    sentence: str,
    path: str,
    status: int = 200,
    profiles: tuple[str, ...] = BOTH,
    /,
    *,
    headers: dict[str, str | None] | None = None,
    **expected: Any,
) -> None:
    """One anonymous GET; `expected` are dotted paths into the body with `__` for the dot."""

    def holds(visitor: Visitor) -> None:
        answer = visitor.http.get(path)
        assert answer.status_code == status
        for name, value in (headers or {}).items():
            assert answer.headers.get(name) == value
        for dotted, value in expected.items():
            found = answer.json()
            for key in dotted.split("__"):
                found = found[key]
            assert found == value

    fact(sentence, profiles)(holds)


for _path in ("/", "/api", "/health", "/ready", "/metrics", "/api/docs", "/admin/queues"):
    get(f"{_path} is 404", _path, 404, errorCode="NOT_FOUND", message=f"Cannot GET {_path}")
get("the audit log is 404", "/api/v1/audit?limit=50", 404, path="/api/v1/audit?limit=50")
get("sockets are not under the prefix", "/api/v1/socket.io/?EIO=4&transport=polling", 404)
get("health is constant and cacheable", "/api/v1/health", data__status="ok", success=True)
get("health has no cache header", "/api/v1/health", headers={"cache-control": None})
get(
    "live tells the heap, uncached",
    "/api/v1/health/live",
    headers={"cache-control": NO_CACHE},
    data__info__memory_heap__status="up",
)
get("ready is uncached", "/api/v1/health/ready", headers={"cache-control": NO_CACHE})
get("the bot's health is constant", "/api/v1/telegram-bot/health", data__status="ok")
get("monitoring health is 403", "/api/v1/monitoring/health", 403, errorCode="FORBIDDEN")
get("monitoring metrics are 403", "/api/v1/monitoring/metrics", 403, errorCode="FORBIDDEN")
get("queue health is 401 anonymously", "/api/v1/admin/queues/health", 401)
get("anonymous /auth/me is 401", "/api/v1/auth/me", 401, message="No auth token")
get("the password policy is public", "/api/v1/auth/password/requirements", data__minLength=8)
get("metrics are open", "/api/v1/metrics", 200, VENDHUB_OS)
get("metrics need their token", "/api/v1/metrics", 401, COMPLETE, errorCode="UNAUTHORIZED")
get("the version is always 1.0.0", "/api/v1/health/version", 200, VENDHUB_OS, data__version="1.0.0")
get("the version is the real one", "/api/v1/health/version", 200, COMPLETE, data__version="2.4.0")
get(
    "/docs is 401 HTML",
    "/docs",
    401,
    headers={"content-type": "text/html; charset=utf-8"},
)
get("/docs-json is guarded like /docs", "/docs-json", 401, COMPLETE)
get("/docs-yaml is guarded like /docs", "/docs-yaml", 401, COMPLETE)
get(
    "security headers are on every answer, errors too",
    "/nowhere",
    404,
    headers={
        "strict-transport-security": "max-age=31536000; includeSubDomains; preload",
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "referrer-policy": "strict-origin-when-cross-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "x-xss-protection": "0",
        "cross-origin-embedder-policy": None,
        "x-powered-by": None,
        "x-request-id": None,
    },
)


@fact("ready names exactly database and redis")
def _(visitor: Visitor) -> None:
    ready = data(visitor.http.get("/api/v1/health/ready"))
    assert ready["status"] == "ok"
    assert set(ready["info"]) == {"database", "redis"}
    assert re.fullmatch(r"\d+ms", ready["info"]["database"]["responseTime"])


@fact("detailed names seven components; only VendHub-OS's made-up bot degrades")
def _(visitor: Visitor) -> None:
    info = data(visitor.http.get("/api/v1/health/detailed"))["info"]
    memory = {"memory_heap", "memory_rss"}
    assert set(info) == {"database", "redis", "storage", "telegram", "disk"} | memory
    degraded = [name for name, component in info.items() if component.get("degraded")]
    assert degraded == ([] if visitor.is_complete else ["telegram"])
    assert all(component["status"] == "up" for component in info.values())


@fact("version tells name, environment, node, uptime and time")
def _(visitor: Visitor) -> None:
    version = data(visitor.http.get("/api/v1/health/version"))
    keys = {"name", "version", "environment", "nodeVersion", "uptime", "timestamp"}
    assert set(version) == keys
    assert version["name"] == "vendhub-api"
    assert 0 < version["uptime"] < 600


@fact("a wrong method is 404, not 405")
def _(visitor: Visitor) -> None:
    refused(visitor.http.put("/api/v1/health"), 404, "NOT_FOUND", "Cannot PUT /api/v1/health")


@fact("a client's request id comes back in error bodies only")
def _(visitor: Visitor) -> None:
    sent = {"X-Request-Id": "r-1"}
    assert visitor.http.get("/nowhere", headers=sent).json()["requestId"] == "r-1"
    answer = visitor.http.get("/api/v1/health", headers=sent)
    assert "x-request-id" not in answer.headers
    assert "requestId" not in answer.json()


@fact("queue health is 403 for a manager and 200 for the owner")
def _(visitor: Visitor) -> None:
    path = "/api/v1/admin/queues/health"
    refused(visitor.manager().http.get(path), 403, "FORBIDDEN")
    assert data(visitor.owner().http.get(path))["status"] == "ok"


@fact("metrics are Prometheus text, never wrapped; the token goes in a header or the query")
def _(visitor: Visitor) -> None:
    token = visitor.ready["metrics_token"]
    in_header = visitor.http.get("/api/v1/metrics", headers={"x-metrics-token": token})
    in_query = visitor.http.get("/api/v1/metrics", params={"token": token})
    assert in_header.status_code == in_query.status_code == 200
    assert in_header.headers["content-type"] == "text/plain; charset=utf-8; version=0.0.4"
    assert "machines_online" in in_header.text
    assert "process_start_time_seconds" in in_header.text


@fact("metrics count handlers by route; only the complete profile counts refusals")
def _(visitor: Visitor) -> None:
    visitor.http.get(f"/api/v1/tasks/{NO_ID}")
    visitor.manager()
    token = {"x-metrics-token": visitor.ready["metrics_token"]}
    text = visitor.http.get("/api/v1/metrics", headers=token).text
    assert 'http_requests_total{method="POST",path="/api/v1/auth/login",status="200"}' in text
    assert 'http_request_duration_seconds_bucket{le="0.01",' in text
    assert 'auth_login_total{result="success"}' in text
    is_counted = 'http_requests_errors_total{method="GET",path="/api/v1/tasks/:id"}' in text
    assert is_counted == visitor.is_complete


@fact("the machine-readable documents are public, and heavy", VENDHUB_OS)
def _(visitor: Visitor) -> None:
    document = visitor.http.get("/docs-json")
    assert document.json()["openapi"].startswith("3.")
    assert 800_000 < len(document.content) < 1_100_000
    assert visitor.http.get("/docs-yaml").text.startswith("openapi: ")


@fact("an owner's token opens the documentation, a manager's does not")
def _(visitor: Visitor) -> None:
    assert visitor.manager().http.get("/docs").status_code == 401
    owner = visitor.owner()
    assert owner.http.get("/docs").status_code == 200
    by_query = visitor.http.get("/docs", params={"token": owner.token})
    assert by_query.status_code == 302
    assert by_query.headers["location"] == ("/docs" if visitor.is_complete else "/")
    assert "swagger_session=" in by_query.headers["set-cookie"]


@fact("three windows a route and address; the eleventh call in a second is 429")
def _(visitor: Visitor) -> None:
    answers = [visitor.http.get("/api/v1/health") for _ in range(11)]
    first, last = answers[0], answers[-1]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    for window, limit in (("short", "10"), ("medium", "50"), ("long", "100")):
        assert first.headers[f"x-ratelimit-limit-{window}"] == limit
        assert int(first.headers[f"x-ratelimit-remaining-{window}"]) == int(limit) - 1
        assert int(first.headers[f"x-ratelimit-reset-{window}"]) > 0
    refused(last, 429, "TOO_MANY_REQUESTS", "ThrottlerException: Too Many Requests")
    assert last.headers["retry-after-short"] == "1"
    assert "retry-after" not in last.headers
    assert "x-ratelimit-limit-short" not in last.headers
    assert visitor.http.get("/api/v1/health/live").status_code == 200
    elsewhere = {"X-Forwarded-For": "203.0.113.9"}
    assert visitor.http.get("/api/v1/health", headers=elsewhere).status_code == 200


@fact("the throttler comes before authentication")
def _(visitor: Visitor) -> None:
    answers = [visitor.http.get("/api/v1/auth/me") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]


@fact("a preflight is 204; the web's origin is allowed, with credentials")
def _(visitor: Visitor) -> None:
    web = visitor.ready["web"]
    asked = {"Origin": web, "Access-Control-Request-Method": "POST"}
    preflight = visitor.http.options("/api/v1/auth/login", headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-max-age"] == "86400"
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    assert "X-Organization-Id" in preflight.headers["access-control-allow-headers"]
    for answer in (preflight, visitor.http.get("/api/v1/health", headers={"Origin": web})):
        assert answer.headers["access-control-allow-origin"] == web
        assert answer.headers["access-control-allow-credentials"] == "true"


@fact("a foreign origin gets 200 without Access-Control-Allow-Origin")
def _(visitor: Visitor) -> None:
    answer = visitor.http.get("/api/v1/health", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


@fact("an anonymous mutation is 403 by its origin, before anything about tokens")
def _(visitor: Visitor) -> None:
    post, code = visitor.http.post, "FORBIDDEN"
    refused(post("/api/v1/tasks"), 403, code, "Origin verification failed")
    foreign = "https://evil.example"
    refused(post("/api/v1/tasks", headers={"Origin": foreign}), 403, code, "Invalid origin")
    away = {"Referer": f"{foreign}/page"}
    refused(post("/api/v1/tasks", headers=away), 403, code, "Invalid referer")
    known = {"Origin": visitor.ready["web"]}
    refused(post("/api/v1/tasks", headers=known), 401, "UNAUTHORIZED")


@fact("malformed JSON is 400, more than 10 MB is 500")
def _(visitor: Visitor) -> None:
    sent = {"Content-Type": "application/json"}
    login = "/api/v1/auth/login"
    refused(visitor.http.post(login, content="{", headers=sent), 400, "BAD_REQUEST")
    heavy = visitor.http.post(login, content=b" " * 11_000_000, headers=sent)
    refused(heavy, 500, "INTERNAL_ERROR", "Internal server error")


@fact("unknown and invalid fields are 400 with errors[]")
def _(visitor: Visitor) -> None:
    sent = {"email": "nobody", "password": "short", "extra": 1}
    answer = visitor.http.post("/api/v1/auth/login", json=sent)
    refused(answer, 400, "VALIDATION_ERROR")
    assert "property extra should not exist" in answer.json()["errors"]
    assert len(answer.json()["errors"]) == 3


@pytest.fixture(scope="module")
def standins() -> Iterator[dict[str, dict[str, Any]]]:
    with both_profiles() as ready:
        yield ready


@fact.parametrized()
def test_fact(standins: dict[str, dict[str, Any]], profile: str, fact: Fact[None]) -> None:
    visitor = Visitor(standins[profile])
    try:
        fact.holds(visitor)
    finally:
        visitor.close()
