"""Readers: each turns one TOML value into the value that the suite uses, or refuses it."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from vitals.environment.errors import RefusedError, nearest

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

Parse = Callable[[object], object]

_TARGETS = ("api", "web", "client", "site")
_SPAN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h)")
_BREAKS_LINES = {"Cc", "Cs", "Zl", "Zp"}
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Reader:
    """Hands a field's value to a function when an environment is loaded.

    Args:
        parse: gets the TOML value; raises `RefusedError`.
        with_variables: `parse` gets the environment variables as its second argument.
    """

    parse: Callable[..., object]
    with_variables: bool = False

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """The hook through which pydantic finds the function."""
        from pydantic_core import core_schema  # noqa: PLC0415 - load() alone pays for pydantic

        del source, handler
        parse = self.parse
        if not self.with_variables:
            return core_schema.no_info_plain_validator_function(parse)
        return core_schema.with_info_plain_validator_function(
            lambda value, info: parse(value, info.context)
        )


@dataclass(frozen=True, slots=True)
class Window:
    """A rate limit: at most `count` requests in any `seconds`."""

    count: int
    seconds: float


class Route(NamedTuple):
    """A path on a target; `str` gives the spelling of the file."""

    target: str
    path: str

    def __str__(self) -> str:
        return self.path if self.target == "api" else f"{self.target}:{self.path}"


def whole(of: str = "", *, least: int = 1, most: int = 10**9, example: int) -> Parse:
    """A reader of whole numbers from `least` to `most`; `of` names the unit."""
    unit = f" of {of}" if of else ""

    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise RefusedError(f"a whole number{unit} from {least} to {most}", example=str(example))
        return value

    return parse


def positive(of: str, *, example: float) -> Parse:
    """A reader of numbers above zero; `of` names the unit."""

    def parse(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 10**9:
            raise RefusedError(f"a number of {of} above 0", example=f"{example:g}")
        return float(value)

    return parse


def share(*, one: bool = False, example: float) -> Parse:
    """A reader of numbers between 0 and 1; `one` accepts 1 itself."""
    expected = "a number above 0 and at most 1" if one else "a number above 0 and below 1"

    def parse(value: object) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not (0 < value < 1 or (one and value == 1))
        ):
            raise RefusedError(expected, example=f"{example:g}")
        return float(value)

    return parse


def truth(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise RefusedError("true or false", "Write true or false, without quotes.")
    return value


def text(expected: str = "one line of text", *, form: str = "", example: str = '"…"') -> Parse:
    """A reader of one line that is not empty; `form` is a pattern of the whole line."""
    pattern = re.compile(form) if form else None

    def parse(value: object) -> str:
        if (
            not isinstance(value, str)
            or not value.strip()
            or any(unicodedata.category(c) in _BREAKS_LINES for c in value)
            or (pattern and not pattern.fullmatch(value))
        ):
            raise RefusedError(expected, example=example)
        return value.strip()

    return parse


def optional(parse: Parse) -> Parse:
    """The same reader, for keys where "" means OFF."""
    return lambda value: "" if value == "" else parse(value)


def one_of(*known: str) -> Parse:
    """A reader of one word out of a list."""
    listed = ", ".join(f'"{word}"' for word in known)

    def parse(value: object) -> str:
        if not isinstance(value, str) or value not in known:
            meant = nearest(value, known) if isinstance(value, str) else None
            raise RefusedError(f"one of {listed}", example=f'"{meant or known[0]}"')
        return value

    return parse


def read_date(value: object) -> date:
    """A day."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise RefusedError("a date without quotes and without a time", example="2027-01-01")
    return value


def read_timezone(value: object) -> str:
    """A name of the time zone database."""
    from zoneinfo import ZoneInfo, available_timezones  # noqa: PLC0415 - only files need it

    if isinstance(value, str):
        try:
            return ZoneInfo(value).key
        except (KeyError, ValueError, OSError):
            known = available_timezones()
            if not known and value == "UTC":
                return value
            meant = nearest(value, known)
            if not known:
                raise RefusedError(
                    "a time zone, but this machine has no time zone database",
                    "Install the tzdata package of the system.",
                ) from None
            raise RefusedError(
                "a name of the time zone database",
                f'Did you mean "{meant}"?' if meant else 'Write, for example, "Asia/Tashkent".',
            ) from None
    raise RefusedError("a name of the time zone database", example='"Asia/Tashkent"')


def read_span(value: object) -> float:
    """A duration such as "60s" or "15m", in seconds."""
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    seconds = float(found[1]) * _SECONDS[found[2]] if found else math.nan
    if not seconds > 0:
        raise RefusedError("a duration in ms, s, m or h, above 0", example='"60s"')
    return seconds


def read_window(value: object) -> Window:
    """A rate limit such as "50/10s"."""
    count, slash, span = value.partition("/") if isinstance(value, str) else ("", "", "")
    if slash and re.fullmatch(r"[0-9]{1,9}", count) and int(count) and _SPAN.fullmatch(span):
        try:
            return Window(int(count), read_span(span))
        except RefusedError:
            pass
    raise RefusedError('"COUNT/DURATION" with both above 0', example='["10/1s", "100/60s"]')


def read_route(value: object) -> Route:
    """A path of the API, or TARGET:PATH."""
    if isinstance(value, str) and value.isprintable() and " " not in value:
        target, path = ("api", value) if value.startswith("/") else _cut(value)
        if target in _TARGETS and path.startswith("/") and not path.startswith("//"):
            return Route(target, path)
    raise RefusedError(
        "a path of the API, or TARGET:PATH with one of " + ", ".join(_TARGETS),
        example='["/api/v1/health/ready"] or ["web:/auth"]',
    )


def _cut(value: str) -> tuple[str, str]:
    target, _, path = value.partition(":")
    return target, path
