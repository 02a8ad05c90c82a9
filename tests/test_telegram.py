"""Init data that we sign: held to a few lines of its own, and to the stand-in."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

import httpx
import pytest
from standin_process import running_standin

from vitals.telegram import init_data

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "7000000001:AAE-of-a-bot_that_nobody-has"
NOW = datetime(2026, 11, 24, 2, 0, 0, tzinfo=UTC)


@pytest.fixture(scope="module", name="ready")
def _ready() -> Iterator[dict[str, Any]]:
    with running_standin("--no-limits") as ready:
        yield ready


def pairs(signed: str) -> dict[str, str]:
    split = (part.split("=", 1) for part in signed.split("&"))
    return {unquote_plus(name): unquote_plus(value) for name, value in split}


def answer(ready: dict[str, Any], signed: str) -> tuple[int, str]:
    with httpx.Client(base_url=ready["api"], trust_env=False) as client:
        given = client.post("/api/v1/auth/telegram", json={"initData": signed})
    return given.status_code, given.json().get("message", "")


def manager(ready: dict[str, Any]) -> dict[str, Any]:
    return {"id": ready["identities"]["manager"]["telegram_id"], "first_name": "Aziza & <co> ёқ+=%"}


def test_the_signature_is_telegrams() -> None:
    user = {"id": 5, "first_name": "Aziza & Сын", "username": "a_b"}
    found = pairs(init_data(TOKEN, user, NOW, query_id="AAF9", start_param="ref=1&x"))

    given = found.pop("hash")
    lines = [f"{name}={found[name]}" for name in ("auth_date", "query_id", "start_param", "user")]
    key = hmac.new(b"WebAppData", TOKEN.encode(), hashlib.sha256).digest()
    assert given == hmac.new(key, "\n".join(lines).encode(), hashlib.sha256).hexdigest()
    assert set(found) == {"auth_date", "query_id", "start_param", "user"}
    assert found["auth_date"] == str(int(NOW.timestamp()))
    assert found["start_param"] == "ref=1&x"
    assert json.loads(found["user"]) == user


def test_the_stand_in_lets_it_in(ready: dict[str, Any]) -> None:
    signed = init_data(ready["bot_token"], manager(ready), datetime.now(UTC), chat_type="private")
    assert answer(ready, signed) == (200, "")


def test_stale_wrong_and_changed_init_data_is_refused(ready: dict[str, Any]) -> None:
    user, now = manager(ready), datetime.now(UTC)
    stale = init_data(ready["bot_token"], user, now - timedelta(seconds=65))
    assert answer(ready, stale) == (401, "Telegram auth data has expired")
    other = init_data(TOKEN, user, now)
    assert answer(ready, other) == (401, "Invalid Telegram signature")
    changed = init_data(ready["bot_token"], user, now).replace("Aziza", "Laziz")
    assert answer(ready, changed) == (401, "Invalid Telegram signature")


def test_what_would_be_signed_wrongly_is_not_signed() -> None:
    with pytest.raises(ValueError, match="auth_date has no time zone"):
        init_data(TOKEN, {"id": 5}, NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="made here, not given: hash"):
        init_data(TOKEN, {"id": 5}, NOW, hash="0")
