"""One request on its way through the API, and what the whole API shares."""

import json
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from standin.api.bodies import sanitised
from standin.api.clock import Clock
from standin.api.database import Database, Row
from standin.api.envelope import ApiError, Headers, header
from standin.api.metrics import Metrics
from standin.api.throttle import Throttles
from standin.faults import Faults
from standin.settings import Settings

if TYPE_CHECKING:
    from standin.api.sockets import Sockets
    from standin.api.tokens import Tokens

BODY_LIMIT_BYTES = 10 * 1024 * 1024

_LEVELS = {
    "owner": 100,
    "admin": 90,
    "manager": 70,
    "accountant": 50,
    "warehouse": 40,
    "operator": 30,
    "viewer": 10,
}


def level_of(role: str) -> int:
    """Return a role's rank; a higher one passes every lower requirement (facts 3.2)."""
    return _LEVELS[role]


@dataclass
class Services:
    """What every handler may use; one for the life of the API."""

    settings: Settings
    faults: Faults
    clock: Clock
    database: Database
    throttles: Throttles
    metrics: Metrics
    tokens: "Tokens"
    sockets: "Sockets"


@dataclass(frozen=True)
class User:
    """Who calls, as the access token says."""

    id: str
    email: str
    role: str
    organization_id: str
    first_name: str
    last_name: str
    session_id: str
    jti: str

    @property
    def level(self) -> int:
        """The rank of the role."""
        return level_of(self.role)

    @property
    def is_owner(self) -> bool:
        """Whether organizations do not confine this user."""
        return self.role == "owner"


@dataclass
class Call:
    """One request: what the client sent, who it is, and the headers that the answer will get."""

    services: Services
    scope: Scope
    receive: Receive
    headers: Headers = field(default_factory=list)
    _user: User | None = None

    @property
    def user(self) -> User:
        """The caller of a protected route."""
        if self._user is None:
            raise ApiError(401, "No auth token")
        return self._user

    @user.setter
    def user(self, user: User) -> None:
        self._user = user

    @property
    def caller(self) -> str:
        """The client's address behind one trusted proxy (TRUST_PROXY=1, facts 1.6)."""
        forwarded = header(self.scope, b"x-forwarded-for")
        if forwarded:
            return forwarded.rsplit(",", 1)[-1].strip()
        client = self.scope.get("client")
        return client[0] if client else ""

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters, the last of equal names."""
        return dict(parse_qsl(self.scope["query_string"].decode("latin-1")))

    @property
    def parameters(self) -> dict[str, str]:
        """The parts of the path that the route names."""
        found: dict[str, str] = self.scope.get("path_params", {})
        return found

    def header(self, name: bytes) -> str:
        """Return a request header (its name in lower case), or an empty string."""
        return header(self.scope, name)

    def cookie(self, name: str) -> str:
        """Return a cookie's value, or an empty string."""
        text = header(self.scope, b"cookie")
        if name not in text:
            return ""
        try:
            morsel = SimpleCookie(text).get(name)
        except CookieError:
            return ""
        return morsel.value if morsel else ""

    async def body(self) -> Row:
        """Read the JSON object of the request, sanitised; an absent body is an empty object.

        Raises ApiError: 400 for malformed JSON, 500 for more than 10 MB (facts 1.3).
        """
        raw = bytearray()
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ApiError(400, "Request aborted")
            raw += message.get("body", b"")
            if len(raw) > BODY_LIMIT_BYTES:
                raise ApiError(500, "request entity too large")
            if not message.get("more_body"):
                break
        if not raw or "json" not in self.header(b"content-type"):
            return {}
        try:
            document: Any = json.loads(raw)
        except ValueError as error:
            raise ApiError(400, f"Malformed JSON: {error}") from error
        if not isinstance(document, dict):
            raise ApiError(400, "The body must be an object", "VALIDATION_ERROR")
        cleaned: Row = sanitised(document)
        return cleaned
