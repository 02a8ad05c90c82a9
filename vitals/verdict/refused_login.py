"""What a gate comes to when its person could not log in: nothing was sampled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitals.verdict.finding import THROTTLED, Finding
from vitals.verdict.outcome import Outcome

if TYPE_CHECKING:
    from vitals.probe.series import GateSample

_SERVER_ERROR = 500


def refused(sample: GateSample) -> Finding:
    """The finding of a gate without samples: FAIL, but a throttled login decides nothing.

    A login that the API itself failed is bare like any other 5xx, so that API Health may block it.
    """
    status = (sample.login.status if sample.login else None) or 0
    is_throttled = status == THROTTLED
    is_bare = is_throttled or status >= _SERVER_ERROR
    return Finding(
        sample.awaited,
        sample.detail,
        outcome=Outcome.INCONCLUSIVE if is_throttled else Outcome.FAIL,
        observation=sample.login if is_bare else sample,
    )
