"""Processes that keep processors busy beside what is tried.

`python -m benchmarks._burners COUNT SECONDS` prints a line when they burn, and ends when its
standard input or the time does. Each burner ends by itself, too: after the time, or within a
second after whoever started it is gone, however that ended.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import select
import signal
import sys
import time

_LOOK_S = 0.5  # between two looks for the parent


def burn(parent: int, seconds: float) -> None:
    """Keep one processor busy until the time is over or the parent is gone."""
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end and os.getppid() == parent:
        while time.monotonic() < now + _LOOK_S:
            pass


def main(count: int, seconds: float) -> None:
    """Start the burners, and end them with standard input or the time."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started this
    # Forked: a burner's parent is this process, not a helper of multiprocessing's.
    made = multiprocessing.get_context("fork")
    burners = [
        made.Process(target=burn, args=(os.getpid(), seconds), daemon=True) for _ in range(count)
    ]
    for burner in burners:
        burner.start()
    print(json.dumps([burner.pid for burner in burners]), flush=True)
    select.select([sys.stdin], [], [], seconds)
    for burner in burners:
        burner.kill()
        burner.join()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
