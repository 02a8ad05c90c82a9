"""How often the real gate is right over real sockets, beside the same gate simulated.

A server in a process of its own delays its answers by lognormal times (sigma 0.5) whose true p95
is a multiple of the limit. A few gates sample it side by side, each with a path and so with draws
of its own; more would wait for each other, for they all send at the same moments. Ends with 1
when a share is further from the simulated one than chance explains.
"""

from __future__ import annotations

import math
import os
import statistics
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks._beside import beside
from benchmarks._sampled import held, rule, sampled
from benchmarks.gate_figures import NORMAL_P95, SIGMA, boundaries, simulate
from vitals.verdict.gate import Decision
from vitals.verdict.response_time import evaluate, threshold_of

if TYPE_CHECKING:
    from vitals.probe.series import GateSample

LIMIT = 0.1  # seconds
PER_SECOND = 40.0
AT_ONCE = 6
STANDARD_ERRORS = 4.0


@dataclass(frozen=True, slots=True)
class Line:
    """One distribution: its p95 by the limit, how many gates, and the most samples of each."""

    ratio: float
    gates: int
    samples: int


LINES = (Line(0.5, 48, 150), Line(1.25, 24, 700), Line(2.0, 48, 100))


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of runs that were decided, and the median number of samples."""

    passed: float
    failed: float
    median: float

    def __str__(self) -> str:
        """One part of a line."""
        return f"{self.passed:8.3f} {self.failed:8.3f} {self.median:8.0f}"


def simulated(line: Line) -> Shares:
    """The shares of 20,000 simulated runs."""
    cell = simulate(line.ratio, *boundaries())
    return Shares(cell.passed(line.samples), cell.failed(line.samples), cell.median)


def real(url: str, line: Line) -> tuple[Shares, str]:
    """The shares of the real runs; and how often a sample was judged otherwise than its delay."""
    median = line.ratio * LIMIT * 1000 / math.exp(SIGMA * NORMAL_P95)
    rules = [
        rule(f"{number}", f"/{median:.4f}:{SIGMA}/{number}", LIMIT, line.samples)
        for number in range(line.gates)
    ]
    found: dict[str, GateSample] = {}
    for first in range(0, line.gates, AT_ONCE):
        some = rules[first : first + AT_ONCE]
        found |= sampled(url, some, per_second=PER_SECOND, connections=100)
    reports = [evaluate(threshold_of(rule), found[rule.name].timed) for rule in rules]
    decided = [report.decision for report in reports]
    told = [
        (timed.elapsed > LIMIT, known > LIMIT)
        for series in found.values()
        for timed in series.timed
        if timed.use == "evidence" and (known := held(timed)) is not None
    ]
    other = sum(ours != theirs for ours, theirs in told) / len(told)
    aside = sum(report.set_aside for report in reports)
    shares = Shares(
        decided.count(Decision.PASS) / len(decided),
        decided.count(Decision.FAIL) / len(decided),
        statistics.median(report.n for report in reports),
    )
    return shares, f"{other:6.2%} of {len(told)} judged otherwise than delayed, {aside} set aside"


def is_chance(line: Line, ours: float, theirs: float) -> bool:
    """Whether two shares differ by no more than so few runs do."""
    error = math.sqrt(max(theirs * (1 - theirs), 1 / line.gates) / line.gates)
    return abs(ours - theirs) <= STANDARD_ERRORS * error


def main() -> int:
    """Measure and print; return the exit code."""
    missed = 0
    print(f"limit {LIMIT:g} s, {PER_SECOND:g} samples/s a gate, load {os.getloadavg()}")
    heads = f"{'P(PASS)':>8} {'P(FAIL)':>8} {'median n':>8}"
    print(f"{'p95/limit':>9} {'gates':>5} | {'real':<26} | {'simulated':<26} |")
    print(f"{'':15} | {heads} | {heads} |")
    with beside("benchmarks._known_delay") as (host, port):
        for line in LINES:
            began = time.monotonic()
            ours, beside_it = real(f"http://{host}:{port}", line)
            seconds = time.monotonic() - began
            theirs = simulated(line)
            print(
                f"{line.ratio:9.2f} {line.gates:5} | {ours} | {theirs} | {beside_it},"
                f" {seconds:.0f} s",
                flush=True,
            )
            missed += not (
                is_chance(line, ours.passed, theirs.passed)
                and is_chance(line, ours.failed, theirs.failed)
            )
    print(f"{missed} of {len(LINES)} lines differ by more than chance")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
