"""How exceedances hang together in time; reported beside a verdict, never corrected for."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Stretch(NamedTuple):
    """A stretch of time: when it starts and how long it lasts, in the unit of the given times."""

    start: float
    length: float


def lag1_autocorrelation(flags: Sequence[bool]) -> float | None:
    """Correlation between a sample's exceedance and the next one's, in planned order.

    Near 0 for independent samples, near 1 when exceedances come in stretches. The moment
    estimator sum (x_i - m)(x_i+1 - m) / sum (x_i - m)^2. None when all flags are the same: then
    nothing can be said.
    """
    n, hits = len(flags), sum(flags)
    if hits in {0, n}:
        return None
    mean = hits / n
    pairs = math.fsum((a - mean) * (b - mean) for a, b in itertools.pairwise(flags))
    return pairs / (hits * (1 - mean))


def one_stretch(flags: Sequence[bool], times: Sequence[float]) -> Stretch | None:
    """Where all exceedances lie, when they follow each other without a good sample between.

    The length runs from the first exceedance's planned time to the last one's, so a stall lasted
    at least that long. None when there are several stretches, no exceedance, or nothing but
    exceedances: a service that never answered in time did not stall, it is down.

    Args:
        flags: whether each sample exceeded, in planned order.
        times: when each was planned.

    Raises:
        ValueError: not as many times as flags.
    """
    if len(flags) != len(times):
        raise ValueError(f"{len(flags)} flags with {len(times)} times")
    hits = [index for index, flag in enumerate(flags) if flag]
    if not hits or len(hits) == len(flags) or hits[-1] - hits[0] + 1 != len(hits):
        return None
    start = times[hits[0]]
    return Stretch(start, times[hits[-1]] - start)
