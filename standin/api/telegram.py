"""The Mini App's initData: its signature and its age (facts 3.1)."""

import hashlib
import hmac
import json
from urllib.parse import parse_qsl

from standin.api.envelope import ApiError

MAX_AGE_SECONDS = 60
BAD_SIGNATURE = "Invalid Telegram signature"


def telegram_id_of(init_data: str, bot_token: str, now: float) -> int:
    """Return the Telegram user that a query string proves.

    Raises ApiError: 401 without a hash, with a wrong one, or older than 60 s; 500 without a bot.
    The algorithm is Telegram's "Validating data received via the Mini App".
    """
    if not bot_token:
        raise ApiError(500, "TELEGRAM_BOT_TOKEN is not configured")
    pairs = dict(parse_qsl(init_data, keep_blank_values=True))
    given = pairs.pop("hash", "")
    if not given:
        raise ApiError(401, "Missing hash in Telegram initData")
    lines = "\n".join(f"{key}={value}" for key, value in sorted(pairs.items()))
    secret = hmac.digest(b"WebAppData", bot_token.encode(), hashlib.sha256)
    expected = hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise ApiError(401, BAD_SIGNATURE)
    try:
        is_fresh = now - int(pairs["auth_date"]) <= MAX_AGE_SECONDS
        user = json.loads(pairs["user"])["id"]
    except (KeyError, TypeError, ValueError) as error:
        raise ApiError(401, "Invalid Telegram user data") from error
    if not is_fresh:
        raise ApiError(401, "Telegram auth data has expired")
    return int(user)
