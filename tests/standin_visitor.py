"""A visitor of the stand-in: raw HTTP and raw sockets, with none of the suite's own code."""

import asyncio
import contextlib
import hashlib
import hmac
import itertools
import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
import httpx
import socketio  # type: ignore[import-untyped]  # ships no types

PASSWORD = "Demo123!"
EVENT_S = 3.0
QUIET_S = 0.15

_ADDRESSES = (f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in itertools.count(1))
_TLS = ssl.create_default_context()


@dataclass
class Person:
    """Somebody logged in: an own client with the bearer, and nothing in the cookie jar."""

    http: httpx.Client
    token: str
    id: str


@dataclass
class Visitor:
    """One visitor with an address of its own, so with fresh rate limits and lockouts."""

    ready: dict[str, Any]
    address: str = field(default_factory=lambda: next(_ADDRESSES))

    def __post_init__(self) -> None:
        self._clients: list[httpx.Client] = []
        self.http = self.client()

    @property
    def is_complete(self) -> bool:
        return bool(self.ready["profile"] == "complete")

    def client(self, **headers: str) -> httpx.Client:
        client = httpx.Client(
            base_url=self.ready["api"],
            headers={"X-Forwarded-For": self.address, **headers},
            verify=_TLS,
            timeout=5,
        )
        self._clients.append(client)
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def login(self, email: str) -> Person:
        answer = self.client().post(
            "/api/v1/auth/login", json={"email": email, "password": PASSWORD}
        )
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        token = data["accessToken"]
        return Person(self.client(Authorization=f"Bearer {token}"), token, data["user"]["id"])

    def manager(self) -> Person:
        return self.login("manager@demo.uz")

    def operator(self) -> Person:
        return self.login("operator@demo.uz")

    def owner(self) -> Person:
        return self.login("admin@vendhub.uz")

    def telegram(self, telegram_id: int, *, age_s: int = 0, bot_token: str = "") -> httpx.Response:
        signed = init_data(telegram_id, bot_token or self.ready["bot_token"], age_s)
        return self.http.post("/api/v1/auth/telegram", json={"initData": signed})

    @contextmanager
    def task(self, manager: Person, **more: Any) -> Iterator[dict[str, Any]]:
        """Create a task on the smoke machine; afterwards it is not active any more."""
        answer = manager.http.post("/api/v1/tasks", json=self.new_task(**more))
        assert answer.status_code == 201, answer.text
        task = answer.json()["data"]
        try:
            yield task
        finally:
            manager.http.post(f"/api/v1/tasks/{task['id']}/cancel")

    def new_task(self, **more: Any) -> dict[str, Any]:
        task = {
            "type": "refill",
            "title": "Smoke",
            "organizationId": self.ready["organization"],
            "machineId": self.ready["machine"],
        }
        return {name: value for name, value in {**task, **more}.items() if value is not None}


@contextmanager
def fault(ready: dict[str, Any], name: str, value: str = "") -> Iterator[None]:
    """Switch a fault on for a while."""
    url = f"{ready['control']}/faults/{name}"
    httpx.put(url, params={"value": value}, verify=_TLS).raise_for_status()
    try:
        yield
    finally:
        httpx.delete(url, verify=_TLS).raise_for_status()


def init_data(telegram_id: int, bot_token: str, age_s: int = 0) -> str:
    """Sign a Mini App's initData of a given age in seconds."""
    pairs = {
        "auth_date": str(int(time.time()) - age_s),
        "query_id": "AAE",
        "user": json.dumps({"id": telegram_id, "first_name": "Тест"}),
    }
    lines = "\n".join(f"{key}={pairs[key]}" for key in sorted(pairs))
    secret = hmac.digest(b"WebAppData", bot_token.encode(), "sha256")
    pairs["hash"] = hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest()
    return urlencode(pairs)


class Socket:
    """One connection to one namespace; keeps every event with its data, in order."""

    def __init__(self, url: str, namespace: str) -> None:
        self._url = url
        self._namespace = namespace
        self._heard = asyncio.Event()
        self.events: list[tuple[str, Any]] = []

    async def open(self, *, token: str = "", transport: str = "websocket", **more: Any) -> None:
        """Connect; raises socketio's ConnectionError when the namespace refuses."""
        self._session = aiohttp.ClientSession()
        self._client = socketio.AsyncClient(
            reconnection=False, handle_sigint=False, http_session=self._session
        )
        self._client.on("*", self._hear, namespace=self._namespace)
        self._client.on("disconnect", self._left, namespace=self._namespace)
        self._client.on("connect_error", self._refused, namespace=self._namespace)
        await self._client.connect(
            self._url,
            namespaces=[self._namespace],
            transports=[transport],
            auth={"token": token} if token else None,
            wait_timeout=2,
            **more,
        )

    async def close(self) -> None:
        """Leave, whatever became of the connection."""
        with contextlib.suppress(Exception):
            await self._client.disconnect()
        await self._session.close()

    async def until(self, name: str, count: int = 1) -> Any:
        """Wait until an event came so often; returns the data of the last one."""
        async with asyncio.timeout(EVENT_S):
            while len(self.all(name)) < count:
                self._heard.clear()
                await self._heard.wait()
        return self.all(name)[-1]

    async def quiet(self) -> list[str]:
        """Listen a little while longer; returns the names of all events so far."""
        await asyncio.sleep(QUIET_S)
        return [name for name, _ in self.events]

    async def call(self, event: str, data: Any) -> Any:
        """Emit an event and return its acknowledgement."""
        return await self._client.call(event, data, namespace=self._namespace, timeout=EVENT_S)

    def all(self, name: str) -> list[Any]:
        return [data for event, data in self.events if event == name]

    async def _hear(self, event: str, data: Any = None) -> None:
        self._keep(event, data)

    async def _left(self, reason: Any = None) -> None:
        self._keep("disconnect", reason)

    async def _refused(self, data: Any = None) -> None:
        self._keep("connect_error", data)

    def _keep(self, event: str, data: Any) -> None:
        self.events.append((event, data))
        self._heard.set()
