"""The stand-in of an environment with a `[standin]` table: a child process for one run."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vitals.environment import Standin

_READY_S = 30.0
_STOP_S = 5.0


class StandinError(Exception):
    """The stand-in did not come up; the message holds its last words."""


@contextlib.contextmanager
def running(standin: Standin, root: Path) -> Iterator[dict[str, Any]]:
    """Start the stand-in, yield its READY document, stop it.

    The child ends by itself when this process dies: its standard input closes.

    Raises:
        StandinError: it ended early, or was not ready after 30 s.
    """
    child = subprocess.Popen(  # noqa: S603 - our own module, arguments from a checked file
        [sys.executable, "-m", "standin", *_arguments(standin)],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the run, which still has to clean up
    )
    with child:
        try:
            yield _ready(child)
        finally:
            child.terminate()
            try:
                child.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                child.kill()


def _arguments(standin: Standin) -> list[str]:
    words = ["--profile", standin.profile]
    for fault in standin.faults:
        words += ["--fault", fault]
    return words + ["--no-limits"] * (not standin.limits) + ["--tls"] * standin.tls


def _ready(child: subprocess.Popen[str]) -> dict[str, Any]:
    if child.stdout is None or child.stderr is None:
        raise StandinError("the stand-in has no output")
    alarm = threading.Timer(_READY_S, child.kill)
    alarm.start()
    try:
        line = child.stdout.readline()
    finally:
        alarm.cancel()
    try:
        ready = json.loads(line)
    except ValueError:
        child.kill()
        said = child.stderr.read().strip().splitlines()
        last = said[-1] if said else f"nothing, for {_READY_S:.0f} s"
        raise StandinError(
            f"the stand-in did not start; it said: {last}. Try it by hand: python -m standin"
        ) from None
    threading.Thread(target=child.stderr.read, daemon=True).start()
    return dict(ready)
