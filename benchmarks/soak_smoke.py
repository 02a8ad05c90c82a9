"""Smoke runs in a row against a healthy stand-in, with busy processors beside: none may be bad.

Each run is a command with a fresh stand-in of its own. `VITALS_SOAK_RUNS` is how many (50). What
came of each is a line of `reports/.soak/smoke.jsonl`. A soak that was stopped goes on from there;
it begins anew when the files of suite or stand-in are others, or that one is removed. The reports
of bad runs are kept. Ends with 1 when a run was not PASS in every step, or left something behind.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks._beside import REPOSITORY, beside
from benchmarks.checks_cost import command_environment

STATE = REPOSITORY / "reports" / ".soak" / "smoke.jsonl"
VARIABLE, RUNS = "VITALS_SOAK_RUNS", 50
CONFIDENCE = 0.95
BURNERS = "2"
RUN_SECONDS = 180.0
END_SECONDS = 30.0
STEPS = 7
_COMMAND = ("-m", "pytest", "smoke", "--env", "demo", "-q", "-p", "no:cacheprovider")
_SOAKED = ("smoke", "vitals", "standin")
_AND = ("conftest.py", "pyproject.toml", "requirements.lock", "environments/demo.toml")
_FOLDER = re.compile(r"/(reports/demo/[\w-]+)/")
_SHOWN = 3  # last lines of a run that left no record

Line = Mapping[str, Any]


def mark_of(root: Path = REPOSITORY) -> str:
    """What the files of suite and stand-in are told apart by."""
    found = [path for part in _SOAKED for path in (root / part).rglob("*") if path.is_file()]
    mark = hashlib.sha256()
    for path in sorted([*found, *(root / name for name in _AND)]):
        if "__pycache__" not in path.parts:
            content = path.read_bytes()
            mark.update(f"{path.relative_to(root)} {len(content)}\n".encode() + content)
    return mark.hexdigest()[:16]


def known(state: Path, mark: str) -> list[Line]:
    """The runs of these files that are on record; a line that was cut off is none."""
    if not state.exists():
        return []
    lines: list[Line] = []
    for text in state.read_text().splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and line.get("mark") == mark:
            lines.append(line)
    return lines


def keep(state: Path, line: Line) -> None:
    """Add a run to the record, on a line of its own whatever stands before."""
    state.parent.mkdir(parents=True, exist_ok=True)
    with state.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(json.dumps(line).encode() + b"\n")


def highest_rate(bad: int, runs: int) -> float:
    """The upper limit of the true rate of bad runs (Clopper and Pearson, one-sided).

    Without a bad run it is `1 - 0.05 ** (1 / runs)`.
    """
    if bad >= runs:
        return 1.0
    if not bad:
        return -math.expm1(math.log(1 - CONFIDENCE) / runs)
    low, high = 0.0, 1.0
    while high - low > 1e-9:  # noqa: PLR2004 - far below what is printed
        rate = (low + high) / 2
        so_few = sum(
            math.comb(runs, k) * rate**k * (1 - rate) ** (runs - k) for k in range(bad + 1)
        )
        low, high = (rate, high) if so_few > 1 - CONFIDENCE else (low, rate)
    return high


def what_is_bad(code: int, record: Mapping[str, Any]) -> str:
    """What keeps a run from being good, in words; empty for a good one."""
    findings = record["findings"]
    wrong = [f"{f['title']}: {f['words']}" for f in findings if f["outcome"] != "PASS"]
    if len(findings) != STEPS:
        wrong.append(f"{len(findings)} of {STEPS} steps")
    if record["run"]["status"] != "complete":
        wrong.append(f"the record says {record['run']['status']}")
    wrong += [f"left behind: {left}" for left in record["left"]["open"]]
    wrong += record["verdict"]["suite_errors"]
    if code:
        wrong.append(f"exit code {code}")
    return "; ".join(wrong)


def said_by(environ: Mapping[str, str], log: Path) -> tuple[int | None, str]:
    """Exit code and output of a smoke run; None for the code when it did not end in time."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            (sys.executable, *_COMMAND),
            cwd=REPOSITORY,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            code = process.wait(RUN_SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        except KeyboardInterrupt:  # the run has it, too, and cleans up
            process.wait(END_SECONDS)
            raise
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    return code, log.read_text(errors="replace")


def one_run(environ: Mapping[str, str], log: Path) -> dict[str, Any]:
    """Run the smoke path once with burners beside, and tell what came of it."""
    began = time.monotonic()
    with beside("benchmarks._burners", BURNERS, str(RUN_SECONDS + END_SECONDS)):
        code, said = said_by(environ, log)
    told: dict[str, Any] = {"seconds": round(time.monotonic() - began, 2), "bad": ""}
    found = _FOLDER.search(said)
    folder = REPOSITORY / found[1] if found else None
    if code is None:
        told["bad"] = f"not done after {RUN_SECONDS:.0f} s"
    elif folder is None or not (folder / "run.json").is_file():
        last = " / ".join(said.strip().splitlines()[-_SHOWN:])
        told["bad"] = f"exit code {code} without a record: {last}"
    else:
        record = json.loads((folder / "run.json").read_bytes())
        told["steps"] = {f["title"]: round(f["seconds"], 2) for f in record["findings"]}
        told["bad"] = what_is_bad(code, record)
    if folder is not None and told["bad"]:
        told["record"] = str(folder.relative_to(REPOSITORY) / "run.json")
    elif folder is not None:
        shutil.rmtree(folder)
    return told


def print_run(number: int, runs: int, line: Line) -> None:
    """One line for a run."""
    slowest = max(line.get("steps", {}).items(), key=lambda step: step[1], default=("none", 0.0))
    print(
        f"{number:3} of {runs}: {'BAD' if line['bad'] else 'good'}, {line['seconds']:.1f} s,"
        f" slowest step {slowest[0]} {slowest[1]:.1f} s, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    if line["bad"]:
        print(f"      {line['bad']}\n      {line.get('record', 'no record')}", flush=True)


def main() -> int:
    """Run what is left of the soak; return the exit code."""
    text = os.environ.get(VARIABLE, str(RUNS))
    if not text.isdecimal() or not int(text):
        print(f"{VARIABLE}: {text!r} is no number of runs", file=sys.stderr)
        return 1
    runs, mark = int(text), mark_of()
    lines = known(STATE, mark)
    print(
        f"{runs} smoke runs, {BURNERS} burners on {os.cpu_count()} CPUs; files {mark}", flush=True
    )
    if lines:
        print(f"{len(lines)} on record in {STATE.relative_to(REPOSITORY)}", flush=True)
        for number, line in enumerate(lines, 1):
            if line["bad"]:
                print_run(number, runs, line)
    with tempfile.TemporaryDirectory() as folder:
        environ, log = command_environment(Path(folder) / "bytecode"), Path(folder) / "output"
        while len(lines) < runs:
            line = {"mark": mark, **one_run(environ, log)}
            if mark_of() != mark:
                print("the files have changed during a run: begin again", file=sys.stderr)
                return 1
            keep(STATE, line)
            lines.append(line)
            print_run(len(lines), runs, line)
    bad = sum(bool(line["bad"]) for line in lines)
    print(
        f"{len(lines)} runs: {len(lines) - bad} good, {bad} bad; the true rate of bad runs is at"
        f" most {highest_rate(bad, len(lines)):.2%} (exact, one-sided {CONFIDENCE:.0%})"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("stopped; what is on record stays")
        sys.exit(1)
