"""Evidence that an event is rarer than a bound, valid at whatever moment somebody looks."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from functools import lru_cache

MOST_SAMPLES = 1_000_000
_ALMOST_NEVER = 1 - 2**-10
_EDGE = 1e-9


@dataclass(frozen=True, slots=True)
class _Alternative:
    log_weight: float
    log_event: float
    log_other: float


class RareEvent:
    r"""An e-process against "the event has probability `bound` or more".

    After n observations with k events the evidence is a weighted mean of likelihood ratios,

        E(n, k) = sum_j w_j (t_j / b)^k ((1 - t_j) / (1 - b))^(n - k),

    with b the bound, alternatives t_j = b (1 - f_j) that all lie below it, weights that sum to 1
    and E(0, 0) = 1.

    It is a supermartingale for *every* p >= b, not only at the boundary. Whatever happened
    before, let the next observation be an event with probability p. The factor that it brings to
    alternative t has the expectation

        g(p) = p t / b + (1 - p) (1 - t) / (1 - b).

    g is linear in p, g(b) = 1, and its slope t / b - (1 - t) / (1 - b) is negative because t < b.
    So g(p) <= 1 for all p >= b: with every alternative on the other side of the boundary, the
    boundary itself is the least favourable member of the composite hypothesis. A mean of
    nonnegative supermartingales with fixed weights is one too, and by Ville's inequality
    P(E ever reaches 1 / alpha) <= alpha. Neither independence nor a constant p is needed, only
    that p >= b given the past.

    When p differs between routes that take turns, and only their mean over a turn is >= b, the
    bound holds at the end of each turn if the samples are independent: g is linear, so the
    product over a turn is at most g(mean)^m <= 1 (arithmetic and geometric mean).

    E falls with every event and rises with every other observation, so what a sample can bring
    to a threshold is known from what it was.

    Source: Ville 1939; Waudby-Smith and Ramdas, Estimating means of bounded random variables by
    betting, 2024; the method of mixtures in Howard and Ramdas, 2022.

    Args:
        bound: b, the probability of the event under the hypothesis.
        rest: 1 - b, given apart because a small rest would be lost by subtracting.
        distances: (f_j, weight) with 0 < f_j < 1; weights are scaled to sum to 1.
    """

    def __init__(
        self, bound: float, rest: float, distances: tuple[tuple[float, float], ...]
    ) -> None:
        total = math.fsum(weight for _, weight in distances)
        self._bound = bound
        self._alternatives = tuple(
            _Alternative(
                log_weight=math.log(weight / total),
                log_event=math.log1p(-distance),
                log_other=math.log1p(bound * distance / rest),
            )
            for distance, weight in distances
        )

    def log_evidence(self, n: int, events: float) -> float:
        """Natural logarithm of the evidence after n observations; 0 at n = 0, always finite.

        A function of the two counts, so no rounding error piles up over a stream. `events` need
        not be whole: that is the evidence on an expected path.
        """
        others = n - events
        terms = [
            alternative.log_weight + events * alternative.log_event + others * alternative.log_other
            for alternative in self._alternatives
        ]
        greatest = max(terms)
        return greatest + math.log(sum([math.exp(term - greatest) for term in terms]))

    def most_events(self, n: int, alpha: float) -> int | None:
        """The most events among n observations that still reach 1 / alpha; None if none do."""
        needed = -math.log(alpha)
        reaching = bisect.bisect_left(
            range(math.floor(n * self._bound) + 1),
            1,
            key=lambda events: self.log_evidence(n, events) < needed,
        )
        return reaching - 1 if reaching else None


@lru_cache(maxsize=64)
def healthy(quantile: float) -> RareEvent:
    """Evidence that exceedances are rarer than 1 - quantile; its event is an exceedance.

    Three tenths on "almost never", so that a service without an exceedance passes soon (74
    samples at q = 0.95 and alpha = 0.05, where 59 is the least that any test can do); half on 0.35
    of the bound, which decides for services that have some; the rest on a grid that comes closer
    to the bound, so that a long stream decides there too. Chosen by the exact distribution of
    the number of samples to a verdict at q = 0.95.

    Raises:
        ValueError: the quantile is not between 0 and 1, or too near to either.
    """
    bound, rest = 1 - checked_quantile(quantile), quantile
    grid = [0.5**j for j in range(1, _grid_size(bound, rest) + 1)]
    tail = tuple((distance, 0.2 * distance) for distance in grid)
    return RareEvent(bound, rest, ((_ALMOST_NEVER, 0.3), (0.65, 0.5), *tail))


@lru_cache(maxsize=64)
def unhealthy(quantile: float) -> RareEvent:
    """Evidence that answers within the limit are rarer than quantile; these are its events.

    Alternatives from "every answer exceeds" down to the bound, each half as far from it as the
    one before, weighted 1, 1/2, 1/3, ...: two exceedances in a row at the start are enough at
    q = 0.95 and alpha = 0.01, and no rate above the bound is far from an alternative.

    Raises:
        ValueError: the quantile is not between 0 and 1, or too near to either.
    """
    bound, rest = checked_quantile(quantile), 1 - quantile
    size = _grid_size(bound, rest)
    grid = tuple((0.5**j, 1 / (j + 1)) for j in range(1, size + 1))
    return RareEvent(bound, rest, ((_ALMOST_NEVER, 1.0), *grid))


def checked_quantile(quantile: float) -> float:
    """The quantile itself.

    Raises:
        ValueError: it is not between 0 and 1, or too near to either to be seen by any stream.
    """
    if not _EDGE <= quantile <= 1 - _EDGE:
        raise ValueError(f"a quantile lies between 0 and 1 (such as 0.95), not {quantile}")
    return quantile


def checked_alpha(alpha: float) -> float:
    """The error probability itself.

    Raises:
        ValueError: it is not between 0 and 1.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"an error probability lies between 0 and 1, not {alpha}")
    return alpha


def _grid_size(bound: float, rest: float) -> int:
    """How many halvings bring an alternative as near as `MOST_SAMPLES` can tell it apart.

    A distance f from the bound earns about n f^2 bound / (2 rest); 3 (a factor of 20) decides.
    """
    nearest = math.sqrt(6 * rest / (bound * MOST_SAMPLES))
    return max(2, math.ceil(-math.log2(nearest)))
