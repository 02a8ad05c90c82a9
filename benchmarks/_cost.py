"""What a command costs from its start to its end: wall time, processor time, memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes, of ru_maxrss
_SHOWN = 2000  # characters of the output of a command that failed


class CommandError(Exception):
    """A command that was to be measured did not end with exit code 0; holds its last output."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of wall time, seconds of processor time (user and system), peak RSS in bytes."""

    wall: float
    cpu: float
    rss: int

    def __add__(self, other: Cost) -> Cost:
        """The cost of one command after the other."""
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.rss, other.rss))

    def __sub__(self, other: Cost) -> Cost:
        """How much more this costs."""
        return Cost(self.wall - other.wall, self.cpu - other.cpu, self.rss - other.rss)


def cost_of(command: Sequence[str], *, cwd: Path, environ: Mapping[str, str], log: Path) -> Cost:
    """Run a command, its output going to `log`; its processor time includes its children's.

    Raises:
        CommandError: it did not end with exit code 0.
    """
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        said = log.read_text(errors="replace")[-_SHOWN:]
        raise CommandError(f"{' '.join(command)}: exit code {process.returncode}\n{said}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * _RSS_UNIT)


def own_peak() -> int:
    """Peak RSS of this process in bytes, below which no child's can be seen.

    Linux counts the memory that a child shares with its parent before it runs its own program.
    """
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT
