"""Socket.IO: three namespaces, their rooms and events, and the socket faults (facts 6)."""

import asyncio
from typing import Any
from urllib.parse import parse_qs

import socketio  # type: ignore[import-untyped]  # ships no types
from engineio.packet import NOOP, Packet  # type: ignore[import-untyped]  # same
from socketio.exceptions import ConnectionRefusedError as SocketRefusedError  # type: ignore[import-untyped]  # same
from starlette.types import Receive, Scope, Send

from standin.api.call import User
from standin.api.clock import Clock
from standin.api.database import Database, Row
from standin.api.envelope import JSON_TYPE, ApiError, failure, not_found, send_answer
from standin.api.seed import ORGANIZATION_ID, OTHER_ORGANIZATION_ID
from standin.api.tokens import Tokens, bearer
from standin.faults import Faults
from standin.settings import Settings

NOTIFICATIONS = "/notifications"
MACHINES = "/machines"
ORDERS = "/orders"

_MAX_PAYLOAD_BYTES = 1_000_000
_AFTER_CONNECT_S = 0.02
_TOPICS = ("orders", "machines", "inventory", "alerts", "system")
_ORDER_ROLES = ("admin", "operator", "manager")


class Sockets:
    """The socket server of one API; an ASGI application for everything under /socket.io."""

    def __init__(
        self,
        settings: Settings,
        faults: Faults,
        clock: Clock,
        database: Database,
        tokens: Tokens,
    ) -> None:
        self._settings = settings
        self._faults = faults
        self._clock = clock
        self._database = database
        self._tokens = tokens
        self._server = socketio.AsyncServer(
            async_mode="asgi",
            namespaces="*",
            ping_interval=25,
            ping_timeout=20,
            max_http_buffer_size=_MAX_PAYLOAD_BYTES,
            cors_allowed_origins=[*settings.allowed_origins, settings.api_origin],
        )
        self._application = socketio.ASGIApp(self._server)
        self._server.on("connect", self._connect, namespace="*")
        self._server.on("presence:online", self._presence, namespace=NOTIFICATIONS)
        self._server.on("notifications:subscribe", self._subscribe, namespace=NOTIFICATIONS)
        self._server.on("subscribe:machine", self._subscribe_machine, namespace=MACHINES)
        self._server.on("machine:heartbeat", self._heartbeat, namespace=MACHINES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a polling request or a websocket; the faults decide at each one.

        `events-by-polling` still promises the upgrade in its handshake, `sockets-polling-only`
        does not even do that.
        """
        polling_only = self._faults.on("sockets-polling-only")
        is_refusing = polling_only or self._faults.on("events-by-polling")
        if self._faults.on("sockets-gone"):
            await self._refuse(scope, send, 404)
        elif is_refusing and scope["type"] == "websocket":
            await self._refuse(scope, send, 400)
        else:
            self._server.eio.allow_upgrades = not polling_only
            await self._application(scope, receive, send)
            self._end_pending_poll(scope)

    async def close(self) -> None:
        """Stop the server's own tasks."""
        await self._server.shutdown()

    async def tell_of_notification(self, notification: Row, organization_id: str) -> None:
        """Emit `notifications:new` to the addressee and to the organization, so twice to one."""
        rooms = [self._room_of(organization_id)]
        user_id = notification.get("userId")
        if user_id and not self._faults.on("event-wrong-person"):
            rooms.insert(0, f"user:{user_id}")
        for room in rooms:
            await self._emit("notifications:new", notification, room)

    async def tell_of_task(self, event: str, task: Row) -> None:
        """Emit a task's state to its organization; VendHub-OS tells nobody (facts 0.10)."""
        if not self._settings.is_complete:
            return
        state = {
            "id": task["id"],
            "taskNumber": task["task_number"],
            "status": task["status"],
            "machineId": task["machine_id"],
            "updatedAt": task["updated_at"],
        }
        await self._emit(event, state, self._room_of(task["organization_id"]))

    def _room_of(self, organization_id: str) -> str:
        if self._faults.on("event-wrong-person"):
            strangers = {OTHER_ORGANIZATION_ID: ORGANIZATION_ID}
            organization_id = strangers.get(organization_id, OTHER_ORGANIZATION_ID)
        return f"org:{organization_id}:notifications"

    async def _emit(self, event: str, data: Row, room: str) -> None:
        if not self._faults.on("event-never"):
            await self._server.emit(event, data, room=room, namespace=NOTIFICATIONS)

    async def _connect(self, namespace: str, sid: str, environ: Row, auth: Any) -> None:
        is_known = namespace in {"/", NOTIFICATIONS, MACHINES, ORDERS}
        if not is_known or self._faults.on("sockets-no-namespace"):
            raise SocketRefusedError("Invalid namespace")
        if namespace == "/" or self._faults.on("sockets-silent"):
            return
        user = self._user(environ, auth)
        if user is not None:
            await self._server.save_session(sid, {"user": user}, namespace)
            await self._enter_rooms(namespace, sid, user)
        # Runs when the connection is made: VendHub accepts first and checks the token then.
        self._server.start_background_task(self._welcome, namespace, sid, user)

    def _user(self, environ: Row, auth: Any) -> User | None:
        query = parse_qs(environ.get("QUERY_STRING", ""))
        in_handshake = auth.get("token") if isinstance(auth, dict) else None
        token = (
            bearer(environ.get("HTTP_AUTHORIZATION", ""))
            or next(iter(query.get("token", [])), "")
            or in_handshake
        )
        try:
            return self._tokens.user_by(token if isinstance(token, str) else "")
        except ApiError:
            return _nobody() if self._faults.on("sockets-open") else None

    async def _enter_rooms(self, namespace: str, sid: str, user: User) -> None:
        rooms = {
            NOTIFICATIONS: [f"user:{user.id}", f"org:{user.organization_id}:notifications"],
            MACHINES: [f"org:{user.organization_id}"],
            ORDERS: [f"user:{user.id}"],
        }[namespace]
        if namespace == ORDERS and user.role in _ORDER_ROLES:
            rooms.append(f"org:{user.organization_id}")
        for room in rooms:
            await self._server.enter_room(sid, room, namespace)

    async def _welcome(self, namespace: str, sid: str, user: User | None) -> None:
        await asyncio.sleep(_AFTER_CONNECT_S)
        if user is None:
            await self._server.disconnect(sid, namespace)
        elif namespace == NOTIFICATIONS:
            hello = {"connected": True, "userId": user.id, "timestamp": self._clock.iso()}
            await self._server.emit("notifications:init", hello, to=sid, namespace=namespace)

    async def _presence(self, sid: str, _data: Any = None) -> Row:
        user = await self._user_of(sid, NOTIFICATIONS)
        if user is None:
            return {"success": False}
        await self._server.emit(
            "presence:user-online",
            {"userId": user.id, "timestamp": self._clock.iso()},
            room=f"org:{user.organization_id}:notifications",
            namespace=NOTIFICATIONS,
        )
        return {"success": True}

    async def _subscribe(self, _sid: str, data: Any = None) -> Row:
        topics = data.get("topics") if isinstance(data, dict) else None
        if not isinstance(topics, list):
            return {"success": False, "error": "topics must be an array"}
        known = [topic for topic in topics if str(topic).split(":")[0].split(".")[0] in _TOPICS]
        return {"success": bool(known), "topics": known}

    async def _subscribe_machine(self, sid: str, data: Any = None) -> Row:
        user = await self._user_of(sid, MACHINES)
        machine_id = str(data.get("machineId", "")) if isinstance(data, dict) else ""
        if user is None or not self._has_machine(user, machine_id):
            return {"success": False, "error": "Machine not found"}
        await self._server.enter_room(sid, f"machine:{machine_id}", MACHINES)
        return {"success": True}

    async def _heartbeat(self, sid: str, data: Any = None) -> Row:
        user = await self._user_of(sid, MACHINES)
        machine_id = str(data.get("machineId", "")) if isinstance(data, dict) else ""
        if user is None or not self._has_machine(user, machine_id):
            return {"success": False, "error": "Machine not found"}
        beat = {**data, "timestamp": self._clock.iso()}
        room = f"machine:{machine_id}"
        await self._server.emit("machine:heartbeat", beat, room=room, namespace=MACHINES)
        return {"success": True}

    async def _user_of(self, sid: str, namespace: str) -> User | None:
        session = await self._server.get_session(sid, namespace)
        user: User | None = session.get("user")
        return user

    def _has_machine(self, user: User, machine_id: str) -> bool:
        found = self._database.row(
            "SELECT id FROM machines WHERE id = ? AND organization_id = ?",
            machine_id,
            user.organization_id,
        )
        return found is not None

    def _end_pending_poll(self, scope: Scope) -> None:
        """Answer the open poll of a session that was closed by a POST, as engine.io does."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return
        sid = next(iter(parse_qs(scope["query_string"].decode("latin-1")).get("sid", [])), "")
        session = self._server.eio.sockets.get(sid)
        if session is not None and session.closed:
            session.queue.put_nowait(Packet(NOOP))

    async def _refuse(self, scope: Scope, send: Send, status: int) -> None:
        if scope["type"] == "http":
            answer = failure(not_found(scope), scope, self._clock, self._faults)
            await send_answer(send, answer, [])
        elif "websocket.http.response" in scope.get("extensions", {}):
            await send(
                {
                    "type": "websocket.http.response.start",
                    "status": status,
                    "headers": [(b"content-type", JSON_TYPE.encode()), (b"content-length", b"0")],
                }
            )
            await send({"type": "websocket.http.response.body", "body": b""})
        else:
            await send({"type": "websocket.close"})


def _nobody() -> User:
    return User(
        id="00000000-0000-0000-0000-000000000000",
        email="",
        role="viewer",
        organization_id="",
        first_name="",
        last_name="",
        session_id="",
        jti="",
    )
