"""Holds the stand-in's sockets to what is known of VendHub-OS; one row a fact, both profiles."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import socketio  # type: ignore[import-untyped]  # ships no types
from standin_fact import COMPLETE, VENDHUB_OS, Fact, Facts, both_profiles
from standin_visitor import Socket, Visitor

NOTIFICATIONS = "/notifications"
MACHINES = "/machines"


fact = Facts[Coroutine[None, None, None]]()


@asynccontextmanager
async def connected(visitor: Visitor, namespace: str, **how: Any) -> AsyncIterator[Socket]:
    socket = Socket(visitor.ready["socket"], namespace)
    try:
        await socket.open(**how)
        yield socket
    finally:
        await socket.close()


@fact("the handshake tells its timings and its payload limit")
async def _(visitor: Visitor) -> None:
    answer = visitor.http.get("/socket.io/", params={"EIO": "4", "transport": "polling"})
    assert answer.text.startswith("0{")
    for part in ('"pingInterval":25000', '"pingTimeout":20000', '"maxPayload":1000000'):
        assert part in answer.text.replace(" ", "")
    assert '"websocket"' in answer.text


@fact("notifications: init comes after the connection, by either transport")
async def _(visitor: Visitor) -> None:
    manager = visitor.manager()
    for transport in ("websocket", "polling"):
        async with connected(
            visitor, NOTIFICATIONS, token=manager.token, transport=transport
        ) as socket:
            hello = await socket.until("notifications:init")
            assert hello["connected"] is True
            assert hello["userId"] == manager.id
            assert hello["timestamp"].endswith("Z")


@fact("the token may come in a header or in the query as well")
async def _(visitor: Visitor) -> None:
    token = visitor.operator().token
    bearer = {"Authorization": f"Bearer {token}"}
    async with connected(visitor, NOTIFICATIONS, headers=bearer) as socket:
        await socket.until("notifications:init")
    by_query = Socket(f"{visitor.ready['socket']}?token={token}", NOTIFICATIONS)
    try:
        await by_query.open()
        await by_query.until("notifications:init")
    finally:
        await by_query.close()


@fact("a bad token is let in first, then disconnected by the server")
async def _(visitor: Visitor) -> None:
    cookie = {"Cookie": f"vendhub_access_token={visitor.manager().token}"}
    for how in ({"token": "nonsense"}, {}, {"headers": cookie}):
        for namespace in (NOTIFICATIONS, MACHINES, "/orders"):
            async with connected(visitor, namespace, **how) as socket:
                assert await socket.until("disconnect") == "server disconnect"
                assert await socket.quiet() == ["disconnect"]


@fact("an unknown namespace is refused, the root is not")
async def _(visitor: Visitor) -> None:
    refused = Socket(visitor.ready["socket"], "/tasks")
    try:
        with pytest.raises(socketio.exceptions.ConnectionError):
            await refused.open(token=visitor.manager().token)
        assert refused.all("connect_error") == [{"message": "Invalid namespace"}]
    finally:
        await refused.close()
    async with connected(visitor, "/") as root:
        assert await root.quiet() == []


@fact("presence is told to everybody of the organization")
async def _(visitor: Visitor) -> None:
    manager, operator = visitor.manager(), visitor.operator()
    async with (
        connected(visitor, NOTIFICATIONS, token=manager.token) as hers,
        connected(visitor, NOTIFICATIONS, token=operator.token) as his,
    ):
        await hers.until("notifications:init")
        await his.until("notifications:init")
        assert await his.call("presence:online", {}) == {"success": True}
        for socket in (hers, his):
            assert (await socket.until("presence:user-online"))["userId"] == operator.id


@fact("topics: tasks are filtered out, a single topic is refused")
async def _(visitor: Visitor) -> None:
    async with connected(visitor, NOTIFICATIONS, token=visitor.manager().token) as socket:
        wanted = {"topics": ["orders", "tasks", "machines"]}
        answer = await socket.call("notifications:subscribe", wanted)
        assert (answer["success"], answer["topics"]) == (True, ["orders", "machines"])
        alone = await socket.call("notifications:subscribe", {"topic": "orders"})
        assert alone["success"] is False


@fact("a machine's heartbeat comes back to its subscribers")
async def _(visitor: Visitor) -> None:
    machine = visitor.ready["machine"]
    async with connected(visitor, MACHINES, token=visitor.operator().token) as socket:
        unknown = await socket.call("subscribe:machine", {"machineId": "nonsense"})
        assert unknown["error"] == "Machine not found"
        assert (await socket.call("subscribe:machine", {"machineId": machine}))["success"]
        beat = {"machineId": machine, "status": "online", "metrics": {"temperature": 4}}
        await socket.call("machine:heartbeat", beat)
        heard = await socket.until("machine:heartbeat")
        assert heard == {**beat, "timestamp": heard["timestamp"]}


@fact("a notification reaches its addressee twice and every colleague once")
async def _(visitor: Visitor) -> None:
    manager, operator = visitor.manager(), visitor.operator()
    async with (
        connected(visitor, NOTIFICATIONS, token=manager.token) as hers,
        connected(visitor, NOTIFICATIONS, token=operator.token) as his,
    ):
        await hers.until("notifications:init")
        await his.until("notifications:init")
        note = {"title": "Hello", "body": "There", "type": "system", "userId": operator.id}
        created = manager.http.post("/api/v1/notifications", json=note)
        assert created.status_code == 201
        new = await his.until("notifications:new", 2)
        assert new["id"] == created.json()["data"]["id"]
        assert new["createdAt"]
        await hers.until("notifications:new")
        assert len(hers.all("notifications:new")) == 1
    listed = operator.http.get("/api/v1/notifications").json()["data"]["data"]
    assert new["id"] in [row["id"] for row in listed]


@fact("a task's way is told to nobody", VENDHUB_OS)
async def _(visitor: Visitor) -> None:
    manager = visitor.manager()
    async with connected(visitor, NOTIFICATIONS, token=manager.token) as socket:
        await socket.until("notifications:init")
        with visitor.task(manager):
            pass
        assert await socket.quiet() == ["notifications:init"]


@fact("a task's way is told to its organization", COMPLETE)
async def _(visitor: Visitor) -> None:
    manager, operator = visitor.manager(), visitor.operator()
    stranger = visitor.login("manager@other.uz")
    photo = {"photoUrl": "https://files.example/1.png"}
    async with (
        connected(visitor, NOTIFICATIONS, token=operator.token) as socket,
        connected(visitor, NOTIFICATIONS, token=stranger.token) as foreign,
    ):
        await socket.until("notifications:init")
        await foreign.until("notifications:init")
        with visitor.task(manager) as task:
            path = f"/api/v1/tasks/{task['id']}"
            manager.http.post(f"{path}/assign", json={"userId": operator.id})
            operator.http.post(f"{path}/start")
            operator.http.post(f"{path}/photo-before", json=photo)
            operator.http.post(f"{path}/photo-after", json=photo)
            last = await socket.until("task:updated", 4)
        created = socket.all("task:created")[0]
        assert created["taskNumber"] == task["taskNumber"]
        assert set(created) == {"id", "taskNumber", "status", "machineId", "updatedAt"}
        states = [state["status"] for state in socket.all("task:updated")]
        assert states[:4] == ["assigned", "in_progress", "in_progress", "completed"]
        assert last["id"] == task["id"]
        assert await foreign.quiet() == ["notifications:init"]


@pytest.fixture(scope="module")
def standins() -> Iterator[dict[str, dict[str, Any]]]:
    with both_profiles() as ready:
        yield ready


@fact.parametrized()
def test_socket_fact(
    standins: dict[str, dict[str, Any]], profile: str, fact: Fact[Coroutine[None, None, None]]
) -> None:
    visitor = Visitor(standins[profile])
    try:
        asyncio.run(fact.holds(visitor))
    finally:
        visitor.close()
