"""Where a quantile of the latencies lies: as observed, and bounded with confidence."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from vitals.verdict.gate.evidence import checked_alpha, checked_quantile, healthy, unhealthy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def nearest_rank(values: Iterable[float], quantile: float) -> float | None:
    """The smallest observed value that a share `quantile` of the values does not exceed.

    Its rank is n * quantile rounded up, with the quantile read as the decimal that it is written
    as. For n < 20 the p95 is the maximum. None without values.

    Raises:
        ValueError: the quantile is not above 0 and at most 1 (1 is the maximum).
    """
    return _at_rank(sorted(values), quantile)


class QuantileBounds:
    """Anytime-valid bounds of a quantile, by the tests of the gate with every latency as limit.

    A threshold t is above the quantile with confidence when the count of latencies > t is one
    with which the gate would say PASS, and below it when the count of latencies >= t would make
    it say FAIL. `upper` is the smallest observed t of the first kind, `lower` the greatest of the
    second. For the true quantile Q, P(latency >= Q) >= 1 - q and P(latency > Q) <= 1 - q, so an
    upper bound below Q (a lower one above) at any moment needs one e-process at one fixed
    threshold to cross: its probability over all moments together is at most 1 - confidence.
    Each bound has its confidence for itself; both together miss with at most the sum.

    Hence a gate that says PASS has its limit at or above the upper bound at that moment, with the
    confidence 1 - alpha_pass, and FAIL has it below the lower bound.

    Latencies are in seconds, a failure counts as infinity. They are kept, 8 to 32 bytes each, and
    sorted when somebody asks.

    Source: Howard and Ramdas, Sequential estimation of quantiles, 2022, by inverting tests.

    Args:
        quantile: such as 0.95.
        latencies: the first ones.

    Raises:
        ValueError: the quantile is not between 0 and 1, or as `add` does.
    """

    def __init__(self, quantile: float, latencies: Iterable[float] = ()) -> None:
        self.quantile = checked_quantile(quantile)
        self._latencies: list[float] = []
        self._is_sorted = True
        for latency in latencies:
            self.add(latency)

    def __len__(self) -> int:
        return len(self._latencies)

    def add(self, latency: float) -> None:
        """Count a latency in seconds, or infinity for a failure.

        Raises:
            ValueError: it is negative or not a number.
        """
        if not latency >= 0:
            raise ValueError(f"a latency is 0 or more seconds, not {latency}")
        self._latencies.append(latency)
        self._is_sorted = False

    def observed(self, quantile: float | None = None) -> float | None:
        """The nearest-rank quantile, by default the one that is bounded; None without samples.

        Raises:
            ValueError: the quantile is not above 0 and at most 1 (1 is the maximum).
        """
        return _at_rank(self._sorted(), self.quantile if quantile is None else quantile)

    def upper(self, confidence: float) -> float | None:
        """The quantile is at most this; infinity when failures reach so far.

        None while there is no evidence: below 74 samples for a p95 with confidence 0.95.

        Raises:
            ValueError: the confidence is not between 0 and 1.
        """
        alpha = checked_alpha(1 - confidence)
        n = len(self)
        above = healthy(self.quantile).most_events(n, alpha)
        return None if above is None else self._sorted()[n - above - 1]

    def lower(self, confidence: float) -> float | None:
        """The quantile is at least this; None while there is no evidence.

        Raises:
            ValueError: the confidence is not between 0 and 1.
        """
        alpha = checked_alpha(1 - confidence)
        below = unhealthy(self.quantile).most_events(len(self), alpha)
        return None if below is None else self._sorted()[below]

    def _sorted(self) -> list[float]:
        if not self._is_sorted:
            self._latencies.sort()
            self._is_sorted = True
        return self._latencies


def _at_rank(ordered: Sequence[float], quantile: float) -> float | None:
    if not 0 < quantile <= 1:
        raise ValueError(f"a quantile lies between 0 and 1, not {quantile}")
    if not ordered:
        return None
    rank = (Decimal(repr(float(quantile))) * len(ordered)).to_integral_value(ROUND_CEILING)
    return ordered[math.floor(rank) - 1]
