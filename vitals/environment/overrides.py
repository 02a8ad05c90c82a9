"""What a command line may change in an environment."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vitals.environment.errors import ConfigError, Key, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEY = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")

REFUSED: dict[str, str] = {
    "name": "it says which environment this is",
    "smoke.writes": "whether a run may write is decided in the file",
    "publish": "where reports go is decided in the file",
    "known_gap": "what may fail is decided in the file",
    "identities": "who logs in is decided in the file",
    "headers": "they hold secrets",
    "schedule.heartbeat_url": "it holds a secret",
}


@dataclass(frozen=True, slots=True)
class Override:
    """One change: `option` is how the command line spells it, without its value."""

    option: str
    key: tuple[str, ...]
    value: object
    said: str


def read_overrides(sets: Iterable[str], api_url: str | None, web_url: str | None) -> list[Override]:
    """The changes of a command line, in its order; the URL options go last.

    Raises:
        ConfigError: no KEY=VALUE, or a key that the command line may not change.
    """
    found = [_read_set(item) for item in sets]
    for target, url in (("api", api_url), ("web", web_url)):
        if url == "":
            raise ConfigError(
                f"--{target}-url: expected a URL, but it is empty."
                " Give one, or leave the option out."
            )
        if url is not None:
            said = f"urls.{target}={url}"
            found.append(Override(f"--{target}-url", ("urls", target), url, said))
    return found


def apply(document: dict[str, Any], overrides: Iterable[Override]) -> dict[str, Any]:
    """A copy of a document with the changes made.

    Raises:
        ConfigError: a change goes below something that is no table.
    """
    changed = dict(document)
    for override in overrides:
        *tables, name = override.key
        table = changed
        for part in tables:
            inner = table.get(part, {})
            if not isinstance(inner, dict):
                raise ConfigError(
                    f"{override.option}: expected {part} to be a table, but it is not one."
                    f" Set {part} as a whole, or change it in the file."
                )
            table[part] = inner = dict(inner)
            table = inner
        table[name] = override.value
    return changed


def source_of(key: Key, overrides: Iterable[Override]) -> str | None:
    """The option that gave the value at a key, None when the file did."""
    given = [o.option for o in overrides if key[: len(o.key)] == o.key]
    return given[-1] if given else None


def _read_set(item: str) -> Override:
    key, equals, value = item.partition("=")
    key = key.strip()
    if not equals or not _KEY.fullmatch(key):
        raise ConfigError(
            f"--set {printable(key)}: expected KEY=VALUE with a key of the environment file."
            " Write, for example, --set deadlines.probe_ms=5000."
        )
    for refused, reason in REFUSED.items():
        if f"{key}.".startswith(f"{refused}.") or refused.startswith(f"{key}."):
            raise ConfigError(
                f"--set {key}: expected another key, because {reason} ({refused}). Change"
                f" {refused} in the environment file, or in a copy of it given by its path."
            )
    return Override(f"--set {key}", tuple(key.split(".")), _typed(value.strip()), item)


def _typed(text: str) -> object:
    if "\n" in text or "\r" in text:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text
