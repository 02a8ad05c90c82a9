"""Processes that run beside a benchmark: each prints one line of JSON when it is ready."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parent.parent
_READY_S = 30.0
_STOP_S = 5.0


@contextlib.contextmanager
def beside(module: str, *arguments: str) -> Iterator[Any]:
    """Run a Python module of this repository; gives what its first line says.

    Its standard input is a pipe of this process, so that it ends with it.

    Raises:
        RuntimeError: it died early or was not ready within 30 s.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        try:
            alarm = threading.Timer(_READY_S, process.kill)
            alarm.start()
            line = process.stdout.readline() if process.stdout else b""
            alarm.cancel()
            if not line:
                raise RuntimeError(f"python -m {module} was not ready")
            yield json.loads(line)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
