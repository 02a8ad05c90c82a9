"""What a command costs from its start to its end: wall time, processor time, memory."""

from __future__ import annotations

import os
import resource
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes, of ru_maxrss


class CommandError(Exception):
    """A command that was to be measured ended otherwise than with exit code 0."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of wall time, seconds of processor time (user and system), peak RSS in bytes."""

    wall: float
    cpu: float
    rss: int


def cost_of(command: Sequence[str], *, cwd: Path, environ: Mapping[str, str], log: Path) -> Cost:
    """Run a command; its output goes to `log`.

    The peak RSS of a child is never below that of this process: the kernel counts the memory that
    a child shares with its parent until it runs its own program. So the caller has to be small.

    Raises:
        CommandError: with the end of its output.
    """
    before = time.perf_counter()
    pid = os.posix_spawnp(
        command[0],
        command,
        environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    ) if cwd == cwd.cwd() else -1
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - before
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * _RSS_UNIT)
