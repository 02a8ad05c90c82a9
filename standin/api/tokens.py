"""Access and refresh tokens, the sessions behind them, and who a token speaks for (facts 3.2)."""

import uuid
from dataclasses import dataclass
from typing import Any

import jwt

from standin.api import seed
from standin.api.call import Call, User
from standin.api.clock import Clock
from standin.api.database import Database, Row
from standin.api.envelope import ApiError
from standin.faults import Faults
from standin.settings import Settings

ACCESS_SECONDS = 900
REFRESH_SECONDS = 604_800
SOCKET_SECONDS = 60
ACCESS_COOKIE = "vendhub_access_token"
REFRESH_COOKIE = "vendhub_refresh_token"

_ISSUER = "vendhub-api"
_AUDIENCE = "vendhub-users"
_ALGORITHM = "HS256"
_PARTS = 3


@dataclass(frozen=True)
class Pair:
    """What a login or a refresh hands out."""

    access: str
    refresh: str
    session_id: str


class Tokens:
    """Signs, checks, rotates and revokes; revoked access tokens are known until they expire."""

    def __init__(
        self, settings: Settings, clock: Clock, database: Database, faults: Faults
    ) -> None:
        self._secret = settings.jwt_secret
        self._refresh_secret = f"{settings.jwt_secret}-refresh"
        self._clock = clock
        self._database = database
        self._faults = faults
        self._revoked: dict[str, float] = {}

    def open_session(self, user: Row) -> Pair:
        """Start a session for a row of `users`."""
        session_id, jti = str(uuid.uuid4()), str(uuid.uuid4())
        self._database.insert(
            "sessions",
            id=session_id,
            user_id=user["id"],
            refresh_jti=jti,
            created_at=self._clock.iso(),
        )
        return self._pair(user, session_id, jti)

    def refresh(self, token: str) -> Pair:
        """Exchange a refresh token, which dies by it; raises ApiError 401."""
        try:
            claims = self._claims(token, self._refresh_secret)
        except ApiError as error:
            raise ApiError(401, "Invalid refresh token") from error
        session = self._database.row(
            "SELECT * FROM sessions WHERE id = ? AND refresh_jti = ? AND NOT is_revoked",
            claims["sessionId"],
            claims["jti"],
        )
        if session is None:
            raise ApiError(401, "Invalid refresh token")
        jti = str(uuid.uuid4())
        self._database.update("sessions", session["id"], refresh_jti=jti)
        return self._pair(self._active_user(session["user_id"]), session["id"], jti)

    def close_session(self, user: User) -> None:
        """End the caller's session: neither token works any more."""
        now = self._clock.now()
        self._revoked = {jti: until for jti, until in self._revoked.items() if until > now}
        self._revoked[user.jti] = now + ACCESS_SECONDS
        self._database.update("sessions", user.session_id, is_revoked=1)

    def user_of(self, call: Call) -> User:
        """Return the caller; the cookie wins over the bearer (facts 1.5). Raises ApiError 401."""
        try:
            return self.user_by(call.cookie(ACCESS_COOKIE) or bearer(call.header(b"authorization")))
        except ApiError:
            if self._faults.on("auth-disabled"):
                return _user(vars(seed.MANAGER), {"sessionId": "", "jti": ""})
            raise

    def user_by(self, token: str) -> User:
        """Return whom an access token speaks for; raises ApiError 401."""
        if not token:
            raise ApiError(401, "No auth token")
        claims = self._claims(token, self._secret)
        if claims["jti"] in self._revoked:
            raise ApiError(401, "Token has been revoked")
        return _user(self._active_user(claims["sub"]), claims)

    def socket_token(self, user: User) -> str:
        """Sign a token of a minute for a socket; it dies with the caller's session."""
        claims = {"sub": user.id, "sessionId": user.session_id, "jti": user.jti}
        return self._signed(claims, SOCKET_SECONDS, self._secret)

    def swagger_token(self, user: User) -> str:
        """Sign the 8 hour token of the documentation's cookie."""
        return self._signed({"sub": user.id, "jti": user.jti}, 8 * 3600, self._secret)

    def _active_user(self, identifier: str) -> Row:
        row = self._database.row("SELECT * FROM users WHERE id = ?", identifier)
        if row is None or row["status"] != "active":
            raise ApiError(401, "User not found or inactive")
        return row

    def _pair(self, user: Row, session_id: str, refresh_jti: str) -> Pair:
        claims = {
            "sub": user["id"],
            "email": user["email"],
            "role": user["role"],
            "organizationId": user["organization_id"],
            "sessionId": session_id,
            "jti": str(uuid.uuid4()),
        }
        refresh = {"sub": user["id"], "sessionId": session_id, "jti": refresh_jti}
        return Pair(
            self._signed(claims, ACCESS_SECONDS, self._secret),
            self._signed(refresh, REFRESH_SECONDS, self._refresh_secret),
            session_id,
        )

    def _signed(self, claims: dict[str, Any], seconds: int, secret: str) -> str:
        now = int(self._clock.now())
        registered = {"iat": now, "exp": now + seconds, "iss": _ISSUER, "aud": _AUDIENCE}
        return jwt.encode({**claims, **registered}, secret, _ALGORITHM)

    def _claims(self, token: str, secret: str) -> dict[str, Any]:
        if token.count(".") != _PARTS - 1:
            raise ApiError(401, "jwt malformed")
        try:
            # The server's own clock judges times, and it can be off by a fault.
            claims: dict[str, Any] = jwt.decode(
                token,
                secret,
                [_ALGORITHM],
                {"verify_exp": False, "verify_iat": False},
                audience=_AUDIENCE,
                issuer=_ISSUER,
            )
        except jwt.InvalidSignatureError as error:
            raise ApiError(401, "invalid signature") from error
        except jwt.InvalidAudienceError as error:
            raise ApiError(401, f"jwt audience invalid. expected: {_AUDIENCE}") from error
        except jwt.InvalidIssuerError as error:
            raise ApiError(401, f"jwt issuer invalid. expected: {_ISSUER}") from error
        except jwt.PyJWTError as error:
            raise ApiError(401, "invalid token") from error
        if claims["exp"] <= self._clock.now():
            raise ApiError(401, "jwt expired")
        return claims


def bearer(authorization: str) -> str:
    """Return the token of an Authorization header, or an empty string."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _user(row: Row, claims: dict[str, Any]) -> User:
    return User(
        id=row["id"],
        email=row["email"],
        role=row["role"],
        organization_id=row["organization_id"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        session_id=claims.get("sessionId", ""),
        jti=claims.get("jti", ""),
    )
