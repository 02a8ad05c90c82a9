"""Runs the benchmarks of this folder in turn, or its `soak_*.py`, each in a process of its own.

`python -m benchmarks bench` keeps to 10 minutes in all; `soak` has no limit, is resumable by
its modules, and ends at Ctrl-C, which they get too. Further words choose modules by parts of
their names: `bench gate`. A module that only lends to others begins with an underscore.
Exit 1 when a module failed, ran out of time, or none was there to run.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
ALL_SECONDS = 600.0
MODULE_SECONDS = 180.0
END_SECONDS = 10.0
_INTERRUPTED = 130


def run(module: str, seconds: float | None) -> str:
    """Run one module, ended after `seconds` with all it started; return what went wrong, or ''."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"{HERE.name}.{module}"], cwd=HERE.parent, start_new_session=True
    )
    try:
        status = process.wait(seconds)
    except subprocess.TimeoutExpired:
        return f"not done after {seconds:.0f} s"
    finally:
        for number in (signal.SIGINT, signal.SIGKILL):
            if process.poll() is None:
                os.killpg(process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(END_SECONDS)
    return f"exit code {status}" if status else ""


def main(kind: str, wanted: list[str]) -> int:
    """Run what matches and print one line for each module."""
    modules = [
        name
        for name in sorted(path.stem for path in HERE.glob("[!_]*.py"))
        if name.startswith("soak_") == (kind == "soak")
        and (not wanted or any(part in name for part in wanted))
    ]
    if not modules:
        print(f"{kind}: nothing to run", file=sys.stderr)
        return 1
    end = time.monotonic() + ALL_SECONDS
    failures = 0
    for module in modules:
        began = time.monotonic()
        seconds = min(MODULE_SECONDS, max(end - began, 0.0)) if kind == "bench" else None
        print(f"== {module}", flush=True)
        trouble = run(module, seconds)
        failures += bool(trouble)
        print(f"== {module}: {trouble or 'done'}, {time.monotonic() - began:.1f} s", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("kind", choices=("bench", "soak"))
    words.add_argument("wanted", nargs="*", metavar="PART_OF_NAME")
    given = words.parse_args()
    try:
        sys.exit(main(given.kind, given.wanted))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
