"""Request bodies: sanitised first, then checked field by field (facts 1.3)."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from standin.api.envelope import ApiError

Rule = Callable[[Any], str]
"""Returns what is wrong with a value (`must be ...`), or an empty string."""

_MARKUP = re.compile(r"<[^>]*>|\x00|javascript:", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


@dataclass(frozen=True)
class Field:
    """One field that a body may have; without `is_required` it may be absent or null."""

    name: str
    rule: Rule
    is_required: bool = False


def sanitised(value: Any) -> Any:
    """Strip tags, null bytes and `javascript:` from all strings, and trim them."""
    if isinstance(value, str):
        return _MARKUP.sub("", value).strip()
    if isinstance(value, dict):
        return {key: sanitised(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [sanitised(inner) for inner in value]
    return value


def checked(body: dict[str, Any], *fields: Field) -> dict[str, Any]:
    """Return the body if every field is known and valid; raises ApiError VALIDATION_ERROR."""
    known = {field.name for field in fields}
    errors = [f"property {name} should not exist" for name in body if name not in known]
    for field in fields:
        value = body.get(field.name)
        if value is None and not field.is_required:
            continue
        if wrong := field.rule(value):
            errors.append(f"{field.name} {wrong}")
    if errors:
        raise ApiError(400, "Validation failed", "VALIDATION_ERROR", errors)
    return {name: value for name, value in body.items() if value is not None}


def text(shortest: int = 0, longest: int = 10_000) -> Rule:
    """A string of so many characters."""

    def rule(value: Any) -> str:
        if not isinstance(value, str):
            return "must be a string"
        if len(value) < shortest:
            return f"must be longer than or equal to {shortest} characters"
        if len(value) > longest:
            return f"must be shorter than or equal to {longest} characters"
        return ""

    return rule


def one_of(*choices: str) -> Rule:
    """One of the given words."""
    return lambda value: (
        "" if value in choices else f"must be one of the following values: {', '.join(choices)}"
    )


def number(lowest: float = -1e12, highest: float = 1e12) -> Rule:
    """A number between two bounds."""

    def rule(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "must be a number"
        return "" if lowest <= value <= highest else f"must be from {lowest:g} to {highest:g}"

    return rule


def email(value: Any) -> str:
    """An e-mail address."""
    return "" if isinstance(value, str) and _EMAIL.fullmatch(value) else "must be an email"


def identifier(value: Any) -> str:
    """A UUID."""
    return "" if isinstance(value, str) and is_uuid(value) else "must be a UUID"


def moment(value: Any) -> str:
    """An ISO 8601 date or date and time."""
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return "must be a valid ISO 8601 date string"
    return ""


def mapping(value: Any) -> str:
    """A JSON object."""
    return "" if isinstance(value, dict) else "must be an object"


def listing(value: Any) -> str:
    """A JSON array."""
    return "" if isinstance(value, list) else "must be an array"


def anything(_value: Any) -> str:
    """Whatever it is."""
    return ""


def is_uuid(value: str) -> bool:
    """Whether the text is a UUID in its usual spelling."""
    try:
        return str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False
