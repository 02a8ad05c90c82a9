"""What a run made on the target, written down before it is made."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from vitals.journal.folder import (
    StateError,
    open_own,
    sync_folder,
    unusable,
    write_all,
)
from vitals.journal.lock import flock_within

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Kind = Literal["session", "task", "file", "notification"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SUFFIX = ".jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing on the target.

    Attributes:
        id: counts the things of a run.
        kind: one of `KINDS`.
        facts: what is known of it; sessions hold tokens.
        is_made: whether the target said that it made it.
        how: how it ended; "" while it is there or may be.
    """

    id: int
    kind: str
    facts: Mapping[str, Any] = field(repr=False)
    is_made: bool = False
    how: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is there, or may be."""
        return not self.how

    def text(self, key: str) -> str:
        """A fact that is a text, "" if it is not known."""
        value = self.facts.get(key)
        return value if isinstance(value, str) else ""


class Journal:
    """An append-only file that its owner holds locked, so that a dead owner's is free to take.

    Use `begin` or `dead`. Each change is on the disk before its method returns.

    Attributes:
        run_id: of the run that began it.
        problems: lines that cannot be read, in words; what they told is not known.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.run_id = path.name.removesuffix(SUFFIX)
        self.problems: tuple[str, ...] = ()
        self._descriptor = descriptor
        self._entries: dict[int, Entry] = {}
        self._guard = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @classmethod
    def begin(cls, folder: Path, run_id: str) -> Journal:
        """The journal of a run that starts now.

        Raises:
            StateError: it cannot be written, or there is one of this run.
        """
        path = folder / f"{run_id}{SUFFIX}"
        draft = folder / f".{run_id}.{os.getpid()}.draft"
        descriptor = -1
        try:
            descriptor = open_own(draft, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL)
            flock_within(descriptor, 0.0)  # nobody can know the draft
            write_all(descriptor, _line({"run": run_id, "at": _now()}))
            os.link(draft, path)  # under its name it is never seen without its lock
            sync_folder(folder)
        except OSError as fault:
            if descriptor >= 0:
                os.close(descriptor)
            raise unusable(path, fault) from None
        finally:
            draft.unlink(missing_ok=True)
        return cls(path, descriptor)

    def intend(self, kind: Kind, /, **facts: Any) -> int:
        """Note what will be made, before it is; gives the id of the entry.

        Raises:
            StateError: it could not be noted, so it may not be made.
        """
        with self._guard:
            number = max(self._entries, default=0) + 1
            self._append({"intend": number, "kind": kind, "at": _now(), "facts": facts})
            self._entries[number] = Entry(number, kind, facts)
        return number

    def made(self, number: int, /, **facts: Any) -> None:
        """Note that it was made, and what is known of it now.

        Raises:
            StateError: it could not be noted.
        """
        with self._guard:
            self._append({"made": number, "at": _now(), "facts": facts})
            entry = self._entries[number]
            self._entries[number] = replace(entry, facts={**entry.facts, **facts}, is_made=True)

    def ended(self, number: int, how: str) -> None:
        """Note that nothing is left to do for it, and why.

        Raises:
            StateError: it could not be noted.
        """
        with self._guard:
            self._append({"ended": number, "at": _now(), "how": how})
            self._entries[number] = replace(self._entries[number], how=how)

    def entries(self) -> tuple[Entry, ...]:
        """The present state of each entry, in the order in which they were intended."""
        with self._guard:
            return tuple(self._entries.values())

    @property
    def has_open(self) -> bool:
        """Whether something is left, or may be."""
        return bool(self.problems) or any(entry.is_open for entry in self.entries())

    def finish(self, *, keep: bool = False) -> bool:
        """Let go of the file, and delete it when nothing in it is open.

        Args:
            keep: leave it for a later sweep in any case.

        Returns:
            Whether it was deleted.

        Raises:
            StateError: it cannot be deleted.
        """
        is_done = not keep and not self.has_open
        try:
            if is_done:
                self.path.unlink(missing_ok=True)
        except OSError as fault:
            raise unusable(self.path, fault) from None
        finally:
            self.close()
        return is_done

    def close(self) -> None:
        """Let go of the file as it is; may be called more than once."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _append(self, document: Mapping[str, Any]) -> None:
        if self._descriptor < 0:
            raise StateError(f"{self.path}: the journal is closed")
        size = os.fstat(self._descriptor).st_size
        try:
            write_all(self._descriptor, _line(document))
        except OSError as fault:
            with contextlib.suppress(OSError):  # half a line would spoil the next one
                os.ftruncate(self._descriptor, size)
            raise unusable(self.path, fault) from None

    def _read(self) -> None:
        """Take over what is written; a last line that was cut off in mid-write was never noted."""
        with open(self._descriptor, "rb", closefd=False) as file:
            content = file.read()
        whole = content.rpartition(b"\n")[0] + b"\n" if b"\n" in content else b""
        if len(whole) < len(content):
            os.ftruncate(self._descriptor, len(whole))
            os.fsync(self._descriptor)
        problems = []
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                self._take(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                problems.append(
                    f"line {number} of {self.path} cannot be read: look at what run {self.run_id}"
                    " left on the target, then delete the file"
                )
        self.problems = tuple(problems)

    def _take(self, document: Any) -> None:
        if "intend" in document:
            number = int(document["intend"])
            self._entries[number] = Entry(number, str(document["kind"]), dict(document["facts"]))
        elif "made" in document:
            entry = self._entries[document["made"]]
            facts = {**entry.facts, **document["facts"]}
            self._entries[entry.id] = replace(entry, facts=facts, is_made=True)
        elif "ended" in document:
            entry = self._entries[document["ended"]]
            self._entries[entry.id] = replace(entry, how=str(document["how"]))
        elif "run" not in document:
            raise KeyError("no event of a journal")


def dead(folder: Path) -> list[Journal]:
    """The journals whose owner is dead, now held by the caller, by name.

    Raises:
        StateError: they cannot be read.
    """
    found = []
    for path in sorted(folder.glob(f"[!.]*{SUFFIX}")):
        try:
            if (journal := _taken(path)) is not None:
                found.append(journal)
        except OSError as fault:
            for one in found:
                one.close()
            raise unusable(path, fault) from None
    return found


def new_id() -> str:
    """A run id for what writes a journal without being a run."""
    return secrets.token_hex(3)


def _taken(path: Path) -> Journal | None:
    """The journal at a path, None while its owner lives or when it has just been deleted."""
    try:
        descriptor = open_own(path, os.O_RDWR | os.O_APPEND)
    except FileNotFoundError:
        return None
    journal = Journal(path, descriptor)
    try:
        if not flock_within(descriptor, 0.0) or not os.fstat(descriptor).st_nlink:
            journal.close()
            return None
        journal._read()  # noqa: SLF001 - its own module
    except OSError:
        journal.close()
        raise
    return journal


def _line(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
