"""What proves a person to VendHub's API, where it may go, and what a refusal says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeGuard

from vitals.environment.addresses import is_loopback
from vitals.probe.destination import host_of
from vitals.probe.fault import printable
from vitals.telegram import init_data

if TYPE_CHECKING:
    from vitals.environment import Environment, Identity
    from vitals.redact import Redactor

LOGOUT = "/api/v1/auth/logout"
REFRESH = "/api/v1/auth/refresh"
ME = "/api/v1/auth/me"

_PASSWORD = "/api/v1/auth/login"  # noqa: S105 - a route
_TELEGRAM = "/api/v1/auth/telegram"
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{8,4096}=*")  # RFC 6750, 2.1; nothing else is a header's
_READ = 64_000
_MESSAGE = 80
_THROTTLED = 429
_FORBIDDEN = 403


def login_path(who: Identity) -> str:
    """The route by which a person logs in."""
    return _TELEGRAM if who.has_telegram else _PASSWORD


def login_document(who: Identity) -> dict[str, str]:
    """What a person sends there; made when it is sent, because Telegram's proof ages.

    Raises:
        LookupError: the secret is not set.
    """
    if not who.has_telegram:
        return {"email": who.email, "password": who.password.reveal()}
    user = {"id": who.telegram_id, "first_name": "VendHub", "last_name": "vitals"}
    return {"initData": init_data(who.bot_token.reveal(), user, datetime.now(UTC))}


def secret_refusal(url: str, environment: Environment) -> str | None:
    """Why no secret goes to a URL, in words; None when it may."""
    host = host_of(url)
    if not environment.secrets_allowed_for(host):
        return f"no secret is sent to {host}, which the file's own [urls] do not name"
    if url.startswith("http:") and not is_loopback(host):
        return f"no secret is sent to {host} over plain http"
    return None


def is_token(value: object) -> TypeGuard[str]:
    """Whether something that was answered can be a token."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def unwrapped(document: object) -> dict[str, Any]:
    """An answer's JSON object without its envelope; empty if there is none."""
    inner = document.get("data", document) if isinstance(document, dict) else None
    return inner if isinstance(inner, dict) else {}


def access_token(status: int, document: object) -> str:
    """The access token of an answer that lets somebody in, else empty."""
    token = unwrapped(document).get("accessToken") if is_success(status) else None
    return token if is_token(token) else ""


def is_success(status: int) -> bool:
    """Whether a status is of the class of success."""
    return 200 <= status < 300  # noqa: PLR2004 - the class of success


def what_was_said(status: int, document: object, secrets: Redactor) -> str:
    """Status, code and message of an error body, without anything secret."""
    inner = unwrapped(document)
    code, message = (_text(inner.get(key), secrets) for key in ("errorCode", "message"))
    said = " ".join(filter(None, (str(status), code)))
    return f"{said}: {message}" if message else said


def why_refused(name: str, status: int, document: object, secrets: Redactor) -> str:
    """Why an answer let nobody in, in one sentence without anything secret."""
    inner = unwrapped(document)
    said = what_was_said(status, document, secrets)
    if status == _THROTTLED:
        return f"the login of {name} was throttled: {said}; try again in a minute"
    if status == _FORBIDDEN and "too many" in said.lower():
        return f"{name}, or everybody behind this address, is locked out: {said}"
    if status == _FORBIDDEN:
        return f"{name} may not log in: {said}"
    if inner.get("requiresTwoFactor") is True:
        return f"{name} could not log in: a second factor is asked for; take an account without one"
    if inner.get("mustChangePassword") is True:
        return f"{name} could not log in: the password has to be changed first"
    if is_success(status):
        said = f"{status} without an access token"
    return f"{name} could not log in: {said}"


def _text(value: object, secrets: Redactor) -> str:
    return printable(secrets.text(value[:_READ]), _MESSAGE) if isinstance(value, str) else ""
