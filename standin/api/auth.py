"""Ways in and out: password, Telegram, refresh, logout, and the lockout (facts 3.1, 3.2)."""

import asyncio
from typing import Any

import bcrypt

from standin.api import bodies
from standin.api.bodies import Field
from standin.api.call import Call, Services
from standin.api.database import Row
from standin.api.envelope import ApiError, not_found
from standin.api.telegram import BAD_SIGNATURE, telegram_id_of
from standin.api.tokens import (
    ACCESS_COOKIE,
    ACCESS_SECONDS,
    REFRESH_COOKIE,
    REFRESH_SECONDS,
    SOCKET_SECONDS,
    Pair,
)

LOCK_SECONDS = 30 * 60
LOCK_FAILURES = 5

_LOCKED = "Too many failed attempts. Try again in 30 minutes."
_BAD_CREDENTIALS = "Invalid credentials"
_REFUSED_STATUS = {
    "pending": "Account is pending approval",
    "suspended": "Account is suspended",
    "inactive": "Account is inactive",
}


async def login(call: Call) -> Row:
    """Log in with e-mail and password."""
    given = bodies.checked(
        await call.body(),
        Field("email", bodies.email, is_required=True),
        Field("password", bodies.text(8, 128), is_required=True),
        Field("totpCode", bodies.text(6, 6)),
        Field("backupCode", bodies.text(1, 20)),
    )
    services, email = call.services, given["email"].lower()
    _refuse_locked(services, email, call.caller)
    user = services.database.row("SELECT * FROM users WHERE email = ?", email)
    if user is None:
        _count_failure(services, email, call.caller)
        raise ApiError(401, _BAD_CREDENTIALS)
    is_right = await asyncio.to_thread(
        bcrypt.checkpw, given["password"].encode(), user["password_hash"].encode()
    )
    services.metrics.count_login(is_success=is_right)
    if not is_right:
        _count_failure(services, email, call.caller)
        raise ApiError(401, _BAD_CREDENTIALS)
    _refuse_status(user)
    return _logged_in(call, user, _organization(services, user))


async def telegram_login(call: Call) -> Row:
    """Log in with the Mini App's initData; neither lockout nor counters apply."""
    given = bodies.checked(await call.body(), Field("initData", bodies.text()))
    services = call.services
    if services.faults.on("init-data-refused"):
        raise ApiError(401, BAD_SIGNATURE)
    telegram_id = telegram_id_of(
        given.get("initData", ""), services.settings.bot_token, services.clock.now()
    )
    user = services.database.row("SELECT * FROM users WHERE telegram_id = ?", telegram_id)
    if user is None:
        raise ApiError(
            401, "No account linked to this Telegram ID. Ask an administrator for an invite."
        )
    is_complete = services.settings.is_complete
    if user["status"] == "suspended" or is_complete:
        _refuse_status(user)
    return _logged_in(call, user, _organization(services, user) if is_complete else None)


async def refresh(call: Call) -> Row:
    """Rotate the tokens; the old refresh token dies at once."""
    given = bodies.checked(await call.body(), Field("refreshToken", bodies.text(1)))
    token = given.get("refreshToken") or call.cookie(REFRESH_COOKIE)
    if not token:
        raise ApiError(401, "Refresh token is required")
    return _handed_out(call, call.services.tokens.refresh(token))


async def logout(call: Call) -> Row:
    """End the session and clear the cookies."""
    call.services.tokens.close_session(call.user)
    _set_cookie(call, ACCESS_COOKIE, "", 0)
    _set_cookie(call, REFRESH_COOKIE, "", 0)
    return {"message": "Logged out"}


async def me(call: Call) -> Row:
    """Tell who the caller is."""
    user = call.user
    return {
        "id": user.id,
        "email": user.email,
        "role": user.role,
        "organizationId": user.organization_id,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "sessionId": user.session_id,
        "jti": user.jti,
    }


async def socket_token(call: Call) -> Row:
    """Hand a page that has only the cookie what it needs to open a socket.

    The complete product's own route: VendHub-OS has none, and opens no socket (facts 6).
    """
    if not call.services.settings.is_complete:
        raise not_found(call.scope)
    tokens = call.services.tokens
    return {"token": tokens.socket_token(tokens.user_of(call)), "expiresIn": SOCKET_SECONDS}


async def password_requirements(_call: Call) -> Row:
    """Tell the password policy."""
    return {
        "minLength": 8,
        "maxLength": 128,
        "requireUppercase": True,
        "requireLowercase": True,
        "requireNumbers": True,
        "requireSpecialChars": False,
        "minUniqueChars": 4,
        "maxRepeatedChars": 3,
    }


def _refuse_locked(services: Services, email: str, caller: str) -> None:
    since = services.clock.now() - LOCK_SECONDS
    worst = services.database.number(
        "SELECT max("
        "(SELECT count(*) FROM login_failures WHERE at > ?1 AND email = ?2),"
        "(SELECT count(*) FROM login_failures WHERE at > ?1 AND ip = ?3))",
        since,
        email,
        caller,
    )
    if worst >= LOCK_FAILURES:
        raise ApiError(403, _LOCKED)


def _count_failure(services: Services, email: str, caller: str) -> None:
    now = services.clock.now()
    services.database.insert("login_failures", email=email, ip=caller, at=now)


def _refuse_status(user: Row) -> None:
    if user["status"] in _REFUSED_STATUS:
        raise ApiError(403, _REFUSED_STATUS[user["status"]])


def _organization(services: Services, user: Row) -> Row | None:
    return services.database.row(
        "SELECT id, name, slug FROM organizations WHERE id = ?", user["organization_id"]
    )


def _logged_in(call: Call, user: Row, organization: Row | None) -> Row:
    pair = call.services.tokens.open_session(user)
    return {
        "user": {
            "id": user["id"],
            "email": user["email"],
            "username": user["username"],
            "firstName": user["first_name"],
            "lastName": user["last_name"],
            "fullName": f"{user['first_name']} {user['last_name']}",
            "phone": user["phone"],
            "avatar": user["avatar"],
            "role": user["role"],
            "status": user["status"],
            "twoFactorEnabled": False,
            "organization": organization,
            "preferences": {"language": "ru", "notifications": True},
            "createdAt": user["created_at"],
        },
        **_handed_out(call, pair),
        "sessionId": pair.session_id,
        "mustChangePassword": False,
    }


def _handed_out(call: Call, pair: Pair) -> dict[str, Any]:
    _set_cookie(call, ACCESS_COOKIE, pair.access, ACCESS_SECONDS)
    _set_cookie(call, REFRESH_COOKIE, pair.refresh, REFRESH_SECONDS)
    return {
        "accessToken": pair.access,
        "refreshToken": pair.refresh,
        "accessTokenExpiresIn": ACCESS_SECONDS,
        "refreshTokenExpiresIn": REFRESH_SECONDS,
    }


def _set_cookie(call: Call, name: str, value: str, seconds: int) -> None:
    flags = "; Secure" if call.services.settings.secure_cookies else ""
    text = f"{name}={value}; Max-Age={seconds}; Path=/; HttpOnly{flags}; SameSite=Lax"
    call.headers.append((b"Set-Cookie", text.encode()))
