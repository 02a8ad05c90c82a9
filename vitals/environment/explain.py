"""From what pydantic found to one message in the words of the environment file."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from vitals.environment.errors import Key, RefusedError, dotted, nearest
from vitals.environment.model import EnvironmentFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_core import ErrorDetails

_UNKNOWN = {"unexpected_keyword_argument", "literal_error"}
_MOST_LISTED = 10
_NO_TABLE = {"dataclass_type", "mapping_type", "dict_type"}


def explain(faults: Sequence[ErrorDetails]) -> tuple[Key, object, RefusedError]:
    """The fault to report: where it stands, the value, and what is wrong with it.

    An unknown key goes before a missing one, because a misspelt key is both.
    """
    fault = next((f for f in faults if f["type"] in _UNKNOWN), faults[0])
    key: Key = tuple(part for part in fault["loc"] if part != "[key]")
    kind = fault["type"]
    refusal = fault.get("ctx", {}).get("error")
    if isinstance(refusal, RefusedError):
        return key + refusal.key, fault["input"], refusal
    if kind in _UNKNOWN:
        return key, None, _unknown(key)
    if kind in {"missing", "missing_argument"}:
        return key, None, _missing(key)
    if kind in _NO_TABLE:
        return key, None, _no_table(key)
    if kind == "tuple_type":
        return key, None, _no_list(key)
    return key, None, RefusedError("another value", f"pydantic says {kind}.", shown="")


def known_keys(table: Key) -> list[str]:
    """The keys that a table of the file may have; empty where anything may stand."""
    kind: Any = EnvironmentFile
    for part in table:
        if is_dataclass(kind):
            kind = _plain(get_type_hints(kind).get(str(part)))
        elif get_origin(kind) is tuple:
            kind = get_args(kind)[0]
        else:
            kind = (*get_args(kind), None, None)[1]
    if is_dataclass(kind):
        return [one.name for one in fields(kind)]
    arguments = get_args(kind)
    return list(get_args(arguments[0])) if get_origin(kind) is Mapping else []


def _plain(kind: Any) -> Any:
    if get_origin(kind) in {Union, types.UnionType}:
        return next(one for one in get_args(kind) if is_dataclass(one))
    return kind


def _unknown(key: Key) -> RefusedError:
    *table, wrong = key
    known = known_keys(tuple(table))
    meant = nearest(str(wrong), known)
    path = dotted((*table, meant)) if meant else _elsewhere(str(wrong))
    few = len(known) <= _MOST_LISTED or path is None
    listed = f" (known: {', '.join(sorted(known))})" if few else ""
    return RefusedError(
        "",
        f"Did you mean {path}?" if path else "Remove it, or take one of the known ones.",
        instead=f"is not a known key{listed}",
    )


def _elsewhere(name: str) -> str | None:
    for table in known_keys(()):
        if name in known_keys((table,)):
            return f"{table}.{name}, below [{table}]"
    return None


def _missing(key: Key) -> RefusedError:
    *table, name = key
    example = {"until": "2027-01-01", "limit_ms": "1000", "routes": '["/api/v1/health/ready"]'}
    added = example.get(str(name), '"…"')
    place = f"to {dotted(tuple(table))}" if table else "at the top of the file"
    return RefusedError("", f"Add {name} = {added} {place}.", instead="is missing")


def _no_table(key: Key) -> RefusedError:
    inside = [part for part in key if isinstance(part, str)]
    header = ".".join(inside)
    spelling = f"[{header}]" if len(inside) == len(key) else f"[[{header}]]"
    return RefusedError(
        f"a table {spelling}", f"Write {spelling} on a line of its own, its keys below.", shown=""
    )


def _no_list(key: Key) -> RefusedError:
    if key in {("response_time",), ("known_gap",)}:
        return RefusedError(
            f"tables [[{key[0]}]]", f"Write [[{key[0]}]], with two brackets.", shown=""
        )
    return RefusedError("a list", f'Write {key[-1]} = ["…"], in square brackets.', shown="")
