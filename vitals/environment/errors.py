"""What is wrong with a configuration, said once and readable."""

from __future__ import annotations

import json
import re
from datetime import date, time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Key = tuple[str | int, ...]
"""Where a value stands: names of tables and keys; positions in lists, counted from zero."""

_LONGEST_SHOWN = 80
_USER_INFO = re.compile(r"//[^/@]*@")


class ConfigError(Exception):
    """An environment that cannot be used; its text is the whole message for people."""


class RefusedError(ValueError):
    """A value that is not accepted, before it is known in which file and at which key.

    Args:
        expected: what would be accepted; completes "expected ...".
        advice: what to do, one sentence; without it the `example` is shown.
        example: a value in TOML spelling.
        key: where the value stands, below the key whose reader refuses it.
        shown: the value as the message shows it; None shows the value itself, "" hides it.
        instead: said after the key instead of its value and "expected ...".
    """

    def __init__(
        self,
        expected: str,
        advice: str = "",
        *,
        example: str = "",
        key: Key = (),
        shown: str | None = None,
        instead: str = "",
    ) -> None:
        super().__init__(expected or instead)
        self.expected = expected
        self.advice = advice
        self.example = example
        self.key = key
        self.shown = shown
        self.instead = instead

    def at(self, source: str, key: Key, value: object = None) -> ConfigError:
        """The message for people, for a value at `key` of `source`."""
        place = source if source.endswith(f" {dotted(key)}") else f"{source}: {dotted(key)}"
        advice = self.advice or f"Write, for example, {_last_name(key)} = {self.example}."
        if self.instead:
            return ConfigError(f"{place} {self.instead}. {advice}")
        shown = display(value) if self.shown is None else self.shown
        said = f"{place} = {shown}" if shown else place
        return ConfigError(f"{said}: expected {self.expected}. {advice}")


def printable(text: str) -> str:
    """The text with everything escaped that could steer a terminal."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def dotted(key: Key) -> str:
    """A key as people write it: `deadlines.probe_ms`, `response_time #2 limit_ms`."""
    said = ""
    for part in key:
        if isinstance(part, int):
            said += f" #{part + 1} "
        else:
            bare = part.replace("-", "").replace("_", "")
            name = part if bare.isascii() and bare.isalnum() else printable(json.dumps(part))
            said += name if not said or said.endswith(" ") else f".{name}"
    return said.strip()


def display(value: object) -> str:
    """A value in its TOML spelling, shortened; the content of lists and tables is not shown."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            clean = _USER_INFO.sub("//***@", value)  # a URL's password, wherever it was written
            text = printable(json.dumps(clean, ensure_ascii=False))
        case int() | float():
            text = format(value, ".6g") if isinstance(value, float) else _digits(value)
        case date() | time():
            text = value.isoformat()
        case list() | tuple():
            text = f"(a list of {len(value)})"
        case dict():
            text = "(a table)"
        case _:
            text = ""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a wrong word needs it

    by_folded = {name.casefold(): name for name in known}
    found = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def _digits(number: int) -> str:
    return str(number) if abs(number) < 10**_LONGEST_SHOWN else "(a very long number)"


def _last_name(key: Key) -> str:
    return next((part for part in reversed(key) if isinstance(part, str)), "")
