"""One smoke run at a time for each environment and machine; the kernel frees a dead run's lock."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from vitals.journal.folder import open_own, unusable
from vitals.probe.fault import printable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LOCK = "lock"
_LOOK_S = 0.1
_LOOKS = 5
_READ = 4096


class BusyError(Exception):
    """A run is in progress; the text says whose, and since when."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock; `since` is UTC in ISO 8601."""

    run_id: str
    pid: int
    user: str
    host: str
    since: str

    @property
    def words(self) -> str:
        """The holder for a sentence, as far as it is known."""
        if not self.run_id:
            return "another run"
        who = f"run {self.run_id} of {self.user} on {self.host}, process {self.pid}"
        return printable(f"{who}, since {self.since}")


class Lock:
    """The right to run; give it back with `release` or at the end of a `with` block."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Let the next one run; may be called more than once."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.ftruncate(descriptor, 0)
            os.close(descriptor)


def acquire(
    folder: Path,
    run_id: str,
    wait_seconds: float = 0.0,
    tell: Callable[[str], None] | None = None,
) -> Lock:
    """The lock of an environment on this machine.

    Args:
        folder: of the environment, see `state_folder`.
        run_id: told to whoever finds the lock taken.
        wait_seconds: for which another run is waited for.
        tell: is told once for whom it waits.

    Raises:
        BusyError: another run still has it.
        StateError: the lock cannot be made on this machine.
    """
    path = folder / _LOCK
    try:
        descriptor = open_own(path, os.O_RDWR | os.O_CREAT)
    except OSError as fault:
        raise unusable(path, fault) from None
    try:
        _wait_for(descriptor, wait_seconds, tell)
        _write_holder(descriptor, run_id)
    except BaseException as fault:
        os.close(descriptor)
        if isinstance(fault, OSError):
            raise unusable(path, fault) from None
        raise
    return Lock(descriptor)


def flock_within(descriptor: int, seconds: float) -> bool:
    """Lock an open file against all others; False when somebody else keeps it for that long.

    Raises:
        OSError: the file system has no locks.
    """
    end = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            left = end - time.monotonic()
            if left <= 0:
                return False
            pause.wait(min(_LOOK_S, left))
        else:
            return True


def _wait_for(descriptor: int, seconds: float, tell: Callable[[str], None] | None) -> None:
    if flock_within(descriptor, 0.0):
        return
    if seconds > 0 and tell is not None:
        tell(f"waiting up to {seconds:.0f} s for {_holder(descriptor).words}")
    if not flock_within(descriptor, seconds):
        raise BusyError(f"a smoke run is in progress: {_holder(descriptor).words}")


def _write_holder(descriptor: int, run_id: str) -> None:
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    holder = Holder(run_id, os.getpid(), _user(), socket.gethostname(), now)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)


def _holder(descriptor: int) -> Holder:
    """Who holds the lock now, who may only just be writing it down."""
    pause = threading.Event()
    for _ in range(_LOOKS):
        try:
            document = json.loads(os.pread(descriptor, _READ, 0))
            texts = {key: str(document[key]) for key in ("run_id", "user", "host", "since")}
            return Holder(pid=int(document["pid"]), **texts)
        except (ValueError, TypeError, KeyError):
            pause.wait(_LOOK_S)
    return Holder("", 0, "", "", "")


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"user {os.getuid()}"
