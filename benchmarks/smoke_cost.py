"""What `pytest smoke` costs beside a bare script of Playwright that walks the same six steps.

Both against one stand-in of its own, by https and without rate limits, in turn. The suite does
more: it sweeps, takes pictures, keeps traces, asks the API once more, and leaves a report. Ends
with 1 when the median of the ratios of a round, of whole processes or of the six steps, is over
the limit, or when a command fails. The steps of both include starting the browser.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import secrets
import shutil
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks._beside import REPOSITORY, beside
from benchmarks._cost import CommandError, Cost, cost_of
from benchmarks.checks_cost import command_environment, is_kept

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROUNDS = 7
LAST_BEGINS = 140.0  # seconds; a benchmark has 180
RATIO_LIMIT = 1.3
STEPS = {
    "Login via Telegram": "login",
    "View dashboard": "dashboard",
    "Create a test task": "create_task",
    "Upload a photo": "upload_photo",
    "Complete the task": "complete_task",
    "Check real-time updates": "real_time",
}
PASSWORD, BOT_TOKEN = "VITALS_BENCH_PASSWORD", "VITALS_BENCH_BOT_TOKEN"
BROWSER = "browser"
LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Walked:
    """One walk: the cost of its process, its own peak RSS in bytes, and seconds by step."""

    cost: Cost
    peak: int
    seconds: Mapping[str, float]

    @property
    def steps(self) -> float:
        """Seconds of all steps together, with the browser's start."""
        return sum(self.seconds[name] for name in (BROWSER, *STEPS.values()))


def environment_text(name: str, ready: Mapping[str, Any]) -> str:
    """An environment file for a stand-in that runs; its secrets are in variables."""
    people = ready["identities"]
    return f"""
name = "{name}"
description = "a stand-in of a benchmark"

[urls]
api = "{ready["api"]}"
web = "{ready["web"]}"
client = "{ready["client"]}"
socket = "{ready["socket"]}"

[hosts]
storage = {json.dumps(ready["storage_hosts"])}

[network]
ca_file = "{ready["ca_file"]}"

[smoke]
writes = true
organization = "{ready["organization"]}"
machine = "{ready["machine"]}"

[identities.manager]
email = "{people["manager"]["email"]}"
password = {{ env = "{PASSWORD}" }}

[identities.operator]
telegram_id = {people["operator"]["telegram_id"]}
bot_token = {{ env = "{BOT_TOKEN}" }}
"""


@contextlib.contextmanager
def peak_of_new_child() -> Iterator[list[int]]:
    """Resident bytes of the child that this process starts within the block, without its children.

    What the system counts as a peak is that of the largest process below it: the browser's.
    """
    me, seen, over = psutil.Process(), [0], threading.Event()
    before = {child.pid for child in me.children()}

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            with contextlib.suppress(psutil.Error):
                seen.extend(c.memory_info().rss for c in me.children() if c.pid not in before)

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield seen
    finally:
        over.set()
        looker.join()


@dataclass(frozen=True, slots=True)
class Bench:
    """Where both walk, and with which variables."""

    name: str
    folder: Path
    environ: Mapping[str, str]

    @property
    def _log(self) -> Path:
        return self.folder / "output"

    def bare(self) -> Walked:
        """Walk by the bare script."""
        words = (sys.executable, "-m", "benchmarks._bare_path", str(self.folder / "ready.json"))
        cost, peak = self._cost_of(words)
        return Walked(cost, peak, json.loads(self._log.read_bytes().splitlines()[-1]))

    def suite(self) -> Walked:
        """Walk by the suite.

        Raises:
            CommandError: a step is not PASS, whatever the exit code says.
        """
        file = str(self.folder / "there.toml")
        words = (sys.executable, "-m", "pytest", "smoke/test_smoke_path.py", "--env", file, "-q")
        cost, peak = self._cost_of(words)
        reports = REPOSITORY / "reports" / self.name
        record = json.loads(next(reports.glob("*/run.json")).read_bytes())
        shutil.rmtree(reports)
        found = {each["title"]: each for each in record["findings"]}
        bad = [title for title in STEPS if found.get(title, {}).get("outcome") != "PASS"]
        if bad:
            raise CommandError(f"not PASS: {', '.join(bad)}\n{self._log.read_text()}")
        # The first step starts the browser; what of its time that is, the record does not say.
        seconds = {name: float(found[title]["seconds"]) for title, name in STEPS.items()}
        return Walked(cost, peak, {BROWSER: 0.0, **seconds})

    def _cost_of(self, words: Sequence[str]) -> tuple[Cost, int]:
        with peak_of_new_child() as peak:
            cost = cost_of(words, cwd=REPOSITORY, environ=self.environ, log=self._log)
        return cost, max(peak)


def measure(bench: Bench) -> list[tuple[Walked, Walked]]:
    """Bare and suite in turn, `ROUNDS` times; a first round does not count.

    On a busy machine there are fewer: none begins after `LAST_BEGINS`.
    """
    end = time.monotonic() + LAST_BEGINS
    rounds: list[tuple[Walked, Walked]] = []
    while len(rounds) <= ROUNDS and (len(rounds) < 2 or time.monotonic() < end):  # noqa: PLR2004 - one that counts
        rounds.append((bench.bare(), bench.suite()))
    return rounds[1:]


def print_ratio(what: str, pairs: Sequence[tuple[float, float]]) -> float:
    """One line of seconds with the ratios of the rounds; gives their median."""
    ratios = [suite / bare for bare, suite in pairs]
    middle = statistics.median(ratios)
    spread = f"{middle:.2f}, {min(ratios):.2f} - {max(ratios):.2f}"
    bare, suite = (statistics.median(side) for side in zip(*pairs, strict=True))
    print_line(what, bare, suite, "s", spread)
    return middle


def print_line(what: str, bare: float, suite: float, unit: str, words: str = "") -> None:
    """One line of the table."""
    print(f"{what:<16} | {bare:8.2f} {suite:8.2f} {unit:<2} | {words}".rstrip(" |"))


def print_table(rounds: Sequence[tuple[Walked, Walked]]) -> tuple[float, float]:
    """One line for each part; gives the ratios of whole processes and of the six steps."""
    print(f"{'median of each':<16} | {'bare':>8} {'suite':>8}    | ratio, min - max of rounds")
    wall = print_ratio("whole process", [(one.cost.wall, two.cost.wall) for one, two in rounds])
    steps = print_ratio("six steps", [(one.steps, two.steps) for one, two in rounds])
    for name in (BROWSER, *STEPS.values()):
        bare, suite = (
            statistics.median(walked.seconds[name] for walked in side)
            for side in zip(*rounds, strict=True)
        )
        print_line(f"  {name}", bare, suite, "s", "(the suite's is in login)" * (name == BROWSER))
    bare, suite = (
        statistics.median(walked.cost.cpu for walked in side) for side in zip(*rounds, strict=True)
    )
    print_line("CPU", bare, suite, "s", "with all children that were waited for")
    bare, suite = (
        statistics.median(walked.peak / 1e6 for walked in side)
        for side in zip(*rounds, strict=True)
    )
    print_line("peak RSS", bare, suite, "MB", "of Python alone, looked at every 0.05 s")
    return wall, steps


def main() -> int:
    """Print the table; return the exit code."""
    name = f"smoke-cost-{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, REPOSITORY / "reports" / name, ignore_errors=True)
        ready = stack.enter_context(beside("standin", "--no-limits", "--tls"))
        place = Path(folder)
        (place / "ready.json").write_text(json.dumps(ready))
        (place / "there.toml").write_text(environment_text(name, ready))
        secret = {
            PASSWORD: ready["identities"]["manager"]["password"],
            BOT_TOKEN: ready["bot_token"],
            "VITALS_STATE": str(place / "state"),
        }
        try:
            rounds = measure(Bench(name, place, command_environment(place / "bytecode") | secret))
        except (CommandError, OSError) as fault:
            print(fault)
            return 1
    print(
        f"{len(rounds)} of {ROUNDS} rounds in turn; {platform.system()}, {os.cpu_count()} CPUs,"
        f" Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )
    wall, steps = print_table(rounds)
    kept = [
        is_kept("whole process, suite / bare", wall, RATIO_LIMIT, "times"),
        is_kept("six steps, suite / bare", steps, RATIO_LIMIT, "times"),
    ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
