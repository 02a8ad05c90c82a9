"""Secrets: named in the file, held by environment variables, never printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from vitals.environment.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

SHORTEST = 8
"""Characters; what is shorter can be guessed, and cannot be redacted without hiding prose."""

SPELLING = '{ env = "NAME" }'

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


class Secret:
    """A value that an environment variable holds; `repr`, `str` and copies never show it.

    Args:
        env_name: the variable's name; "" when the file does not configure this secret.
        value: None when the variable is not set, so that what needs it is OFF.
    """

    __slots__ = ("_value", "env_name")

    def __init__(self, env_name: str = "", value: str | None = None) -> None:
        self.env_name = env_name
        self._value = value

    @property
    def is_configured(self) -> bool:
        """Whether the environment file names a variable for it."""
        return bool(self.env_name)

    @property
    def is_set(self) -> bool:
        """Whether there is a value to reveal."""
        return self._value is not None

    def reveal(self) -> str:
        """The value itself, to be sent to the product and nowhere else.

        Raises:
            LookupError: the variable is not set.
        """
        if self._value is None:
            raise LookupError(f"${self.env_name} is not set")
        return self._value

    def __repr__(self) -> str:
        return f"Secret(${self.env_name}, {'set' if self.is_set else 'not set'})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return (self.env_name, self._value) == (other.env_name, other._value)

    def __hash__(self) -> int:
        return hash(self.env_name)

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


def read_secret(value: object, variables: Mapping[str, str]) -> Secret:
    """A secret from its spelling in the file.

    Raises:
        RefusedError: written out, badly named, or a variable with an unusable value.
    """
    name = value.get("env") if isinstance(value, dict) and set(value) == {"env"} else None
    if name is None:
        written_out = isinstance(value, str)
        raise RefusedError(
            f"{SPELLING}, the name of an environment variable",
            f"A secret does not stand in a file: put it into a variable and write {SPELLING} here."
            if written_out
            else f"Write {SPELLING}.",
            shown="",
        )
    if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
        raise RefusedError(
            f"{SPELLING}, with a name in capitals, digits and underscores",
            "Give the name of the variable, not its value; leave the key out to switch it OFF.",
            shown="",
        )
    held = variables.get(name)
    if held is not None:
        _refuse_unusable(name, held)
    return Secret(name, held)


def _refuse_unusable(name: str, held: str) -> None:
    if not held:
        raise RefusedError(
            f"${name} to hold the secret, but it is set and empty",
            f"Give ${name} its value, or unset it to switch OFF what needs it.",
            shown="",
        )
    if len(held) < SHORTEST:
        raise RefusedError(
            f"${name} to hold at least {SHORTEST} characters",
            f"Give ${name} the whole secret, or unset it to switch OFF what needs it.",
            shown="",
        )
    if held != held.strip() or not held.isprintable():
        raise RefusedError(
            f"${name} to hold one line without white space around it",
            f"Remove the line breaks and blanks from ${name}.",
            shown="",
        )
