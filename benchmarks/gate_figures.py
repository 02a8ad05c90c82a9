"""How often the quantile gate and the plain estimators are right, simulated with fixed seeds.

Lognormal latencies with sigma 0.5 whose true p95 is a multiple of the limit, 20,000 runs of at
most 1,000 samples in a cell, q = 0.95, alpha_pass = 0.05, alpha_fail = 0.01. Ends with 1 when a
figure that the gate has to reach is missed.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vitals.verdict.gate import GateRule
from vitals.verdict.gate.evidence import healthy, unhealthy

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

RULE = GateRule(quantile=0.95, alpha_pass=0.05, alpha_fail=0.01)
RATIOS = (0.5, 0.8, 1.0, 1.25, 2.0)
RUNS, BLOCK, LONGEST = 20_000, 2_000, 1_000
SIGMA, NORMAL_P95 = 0.5, 1.6448536269514722
SEED = 20_250_195
NEVER = LONGEST + 1
# Three standard errors of a simulated share of 5% or 1% in 20,000 runs.
ALLOWED = 0.0046, 0.0021


@dataclass(frozen=True)
class Cell:
    """One true p95: at which sample each run passed and failed (`NEVER` if not), and estimates."""

    ratio: float
    passed_at: NDArray[np.int64]
    failed_at: NDArray[np.int64]
    over_limit: dict[str, float]

    def passed(self, within: int = LONGEST) -> float:
        """Share of runs with PASS within so many samples."""
        return float(np.mean(self.passed_at <= within))

    def failed(self, within: int = LONGEST) -> float:
        """Share of runs with FAIL within so many samples."""
        return float(np.mean(self.failed_at <= within))

    @property
    def median(self) -> float:
        """Median number of samples to a verdict."""
        return float(np.median(np.minimum(self.passed_at, self.failed_at)))


@dataclass(frozen=True)
class Figure:
    """A figure as measured, and the range that it must lie in."""

    cell: Cell
    name: str
    measured: float
    at_least: float = -math.inf
    at_most: float = math.inf

    @property
    def is_reached(self) -> bool:
        """Whether it lies there."""
        return self.at_least <= self.measured <= self.at_most


def nearest_rank(latencies: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """The p95 of the first n samples of each run: the smallest value with 95% at or below it."""
    rank = math.ceil(round(RULE.quantile * n, 9))
    return np.asarray(np.partition(latencies[:, :n], rank - 1, axis=1)[:, rank - 1])


def interpolated(latencies: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """The p95 of the first n samples of each run as k6 has it: linear at 0.95 (n - 1)."""
    return np.asarray(np.quantile(latencies[:, :n], RULE.quantile, axis=1))


ESTIMATORS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "1 sample": lambda latencies: latencies[:, 0],
    "p95 of 20": lambda latencies: nearest_rank(latencies, 20),
    "p95 of 100": lambda latencies: nearest_rank(latencies, 100),
    "k6 of 20": lambda latencies: interpolated(latencies, 20),
    "k6 of 100": lambda latencies: interpolated(latencies, 100),
}


def boundaries() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """After n samples: the most exceedances that pass and the fewest that fail, by the gate."""
    most, fewest = [], []
    for n in range(1, LONGEST + 1):
        to_pass = healthy(RULE.quantile).most_events(n, RULE.alpha_pass)
        to_fail = unhealthy(RULE.quantile).most_events(n, RULE.alpha_fail)
        most.append(-1 if to_pass is None else to_pass)
        fewest.append(n + 1 if to_fail is None else n - to_fail)
    return np.array(most), np.array(fewest)


def simulate(ratio: float, most: NDArray[np.int64], fewest: NDArray[np.int64]) -> Cell:
    """Run one cell; the limit is 1 and the true p95 is `ratio`."""
    rng = np.random.default_rng([SEED, round(ratio * 100)])
    location = math.log(ratio) - SIGMA * NORMAL_P95
    passed, failed = [], []
    over = dict.fromkeys(ESTIMATORS, 0)
    for _ in range(RUNS // BLOCK):
        latencies = rng.lognormal(location, SIGMA, (BLOCK, LONGEST))
        counts = np.cumsum(latencies > 1, axis=1, dtype=np.int64)
        pass_at, fail_at = first(counts <= most), first(counts >= fewest)
        passed.append(np.where(pass_at < fail_at, pass_at, NEVER))
        failed.append(np.where(fail_at < pass_at, fail_at, NEVER))
        for name, estimate in ESTIMATORS.items():
            over[name] += int(np.count_nonzero(estimate(latencies) > 1))
    shares = {name: count / RUNS for name, count in over.items()}
    return Cell(ratio, np.concatenate(passed), np.concatenate(failed), shares)


def first(crossed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The number of the first sample of each run that crosses, `NEVER` if none does."""
    return np.where(crossed.any(axis=1), crossed.argmax(axis=1) + 1, NEVER)


def required(cells: dict[float, Cell]) -> list[Figure]:
    """Each figure that the gate has to reach, as measured."""
    half, better, limit, worse, double = (cells[ratio] for ratio in RATIOS)
    return [
        Figure(half, "P(FAIL)", half.failed(), at_most=0.001),
        Figure(half, "median samples", half.median, at_most=75),
        Figure(better, "P(FAIL)", better.failed(), at_most=0.01),
        Figure(better, "P(PASS within 300)", better.passed(300), at_least=0.70),
        Figure(better, "P(PASS within 1000)", better.passed(), at_least=0.99),
        Figure(limit, "P(FAIL)", limit.failed(), at_most=RULE.alpha_fail + ALLOWED[1]),
        Figure(limit, "P(PASS)", limit.passed(), at_most=RULE.alpha_pass + ALLOWED[0]),
        Figure(worse, "P(PASS)", worse.passed(), at_most=0.005),
        Figure(worse, "P(FAIL within 1000)", worse.failed(), at_least=0.99),
        Figure(worse, "median samples", worse.median, at_most=200),
        Figure(double, "P(PASS)", double.passed(), at_most=0.001),
        Figure(double, "median samples", double.median, at_most=15),
    ]


def line(cell: Cell) -> str:
    """One line of the table."""
    median = "over 1000" if cell.median == NEVER else f"{cell.median:.0f}"
    undecided = 1 - cell.passed() - cell.failed()
    return (
        f"{cell.ratio:8.2f} | {cell.failed():7.4f} {cell.passed():8.4f} {cell.passed(300):11.4f} "
        f"{undecided:9.4f} {median:>14} | "
        + " ".join(f"{share:10.4f}" for share in cell.over_limit.values())
    )


def main() -> int:
    """Print the table; return the exit code."""
    began = time.monotonic()
    most, fewest = boundaries()
    cells = {ratio: simulate(ratio, most, fewest) for ratio in RATIOS}
    print(f"{RUNS} runs of at most {LONGEST} samples a line, seed {SEED}")
    print(f"true p95 | {'quantile gate':^53} | P(estimate > limit)")
    print(
        " / limit | P(FAIL)  P(PASS) PASS in 300 undecided median samples | "
        + " ".join(f"{name:>10}" for name in ESTIMATORS)
    )
    for cell in cells.values():
        print(line(cell))
    figures = required(cells)
    for figure in figures:
        if not figure.is_reached:
            print(f"MISSED at {figure.cell.ratio}: {figure.name} is {figure.measured:.4f}")
    reached = sum(figure.is_reached for figure in figures)
    print(f"{reached} of {len(figures)} figures reached, {time.monotonic() - began:.1f} s")
    return 0 if reached == len(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
