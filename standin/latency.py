"""How long answers are delayed: distributions by the words of a fault's value."""

import math
from collections.abc import Callable
from random import Random

Delay = Callable[[Random], float]
"""Draws the delay of one answer, in seconds."""

FORMS = "lognormal:MEDIAN_MS:SIGMA, constant:MS or bimodal:MS:MS:SHARE"


def delay_of(text: str) -> Delay:
    """Read a distribution; SHARE is that of the second delay.

    Raises:
        ValueError: the text has none of the `FORMS`.
    """
    kind, *words = text.split(":")
    numbers = [float(word) for word in words]
    if not all(0 <= number < math.inf for number in numbers):
        raise ValueError(text)
    match kind, numbers:
        case "constant", [ms]:
            return lambda _: ms / 1000
        case "lognormal", [median, sigma] if median > 0:
            return lambda chance: chance.lognormvariate(math.log(median / 1000), sigma)
        case "bimodal", [usual, other, share] if share <= 1:
            return lambda chance: (other if chance.random() < share else usual) / 1000
        case _:
            raise ValueError(text)


def route_delay_of(text: str) -> tuple[str, Delay]:
    """Read PATH:DISTRIBUTION, with the path as requests have it.

    Raises:
        ValueError: it begins with no path, or ends with no distribution.
    """
    path, _, rest = text.partition(":")
    if not path.startswith("/"):
        raise ValueError(text)
    return path, delay_of(rest)
