"""Starts the stand-in for a test and ends it again."""

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

REPOSITORY = Path(__file__).parent.parent
COMMAND = (sys.executable, "-m", "standin")

_READY_S = 30.0
_STOP_S = 5.0


class StandinError(RuntimeError):
    """The stand-in did not become ready or did not end as it should; carries its stderr."""


@contextmanager
def running_standin(
    *arguments: str, environ: Mapping[str, str] | None = None
) -> Iterator[dict[str, Any]]:
    """Run a stand-in with these arguments; gives what its READY line says.

    Its standard input is a pipe of this process, so that it ends with it. `environ` is added to
    the environment. Raises StandinError when it dies early, is not ready within 30 s, or ends
    otherwise than with exit status 0 within 5 s.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as stderr:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=REPOSITORY,
            env={**os.environ, **(environ or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
        try:
            with process:
                try:
                    assert process.stdout is not None
                    line = read_line(process.stdout, _READY_S)
                    if not line:
                        raise StandinError(_failure(process, stderr, "was not ready"))
                    yield json.loads(line)
                finally:
                    process.terminate()
                    process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise StandinError(_failure(process, stderr, "did not stop")) from None
        if process.returncode != 0:
            raise StandinError(_failure(process, stderr, "ended badly"))


def read_line(stream: IO[bytes], within_s: float) -> bytes:
    """Read one line of a pipe; empty when the pipe ends or `within_s` seconds pass first."""
    deadline = time.monotonic() + within_s
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            if not selector.select(max(deadline - time.monotonic(), 0.0)):
                return b""
            chunk = os.read(stream.fileno(), 65536)
            if not chunk:
                return b""
            line += chunk
    return line


def _failure(process: subprocess.Popen[bytes], stderr: IO[str], what: str) -> str:
    stderr.seek(0)
    return f"the stand-in {what} (exit status {process.poll()}): {stderr.read().strip()}"
