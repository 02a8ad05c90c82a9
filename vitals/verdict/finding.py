"""Findings: the only exceptions that say something about the product."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitals.probe.sample import Sample
from vitals.verdict.outcome import Outcome

if TYPE_CHECKING:
    from vitals.probe.sample import Observation


THROTTLED = 429
_SERVER_ERRORS = 500
_SPEAKS_JSON = {"api", "socket"}


class Finding(Exception):  # noqa: N818 - a finding is the field's word; it is no error of the suite
    """The evidence speaks against the product, or cannot decide.

    It `is_bare` when nothing that the product itself said was judged (no answer, a 5xx, another
    server's page): whoever stands on a check that reports this already is BLOCKED by it.

    Args:
        expected: what a healthy VendHub shows, as it reads behind "expected".
        observed: what was there, as it reads behind "got".
        sentence: the words of the line, where "expected ..., got ..." would not read well.
        outcome: FAIL, or INCONCLUSIVE when the evidence cannot say.
        observation: the decisive evidence.
        is_foundation: that nothing usable answered is what this check is there to report.
    """

    def __init__(
        self,
        expected: str,
        observed: str,
        *,
        sentence: str = "",
        outcome: Outcome = Outcome.FAIL,
        observation: Observation | None = None,
        is_foundation: bool = False,
    ) -> None:
        super().__init__(sentence or f"expected {expected}, got {observed}")
        self.expected = expected
        self.observed = observed
        self.sentence = sentence
        self.outcome = outcome
        self.observation = observation
        self.is_bare = not is_foundation and _is_bare(observation)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The outcome's kind, the status and the whole text: what a known gap may name."""
        kind = [self.observation.kind.value] if self.observation else []
        status = getattr(self.observation, "status", None)
        return (*kind, *([str(status)] if status else []), str(self))


def require(
    condition: bool,  # noqa: FBT001 - reads like an assertion: require(x == y, ...)
    *,
    expected: str,
    observed: str,
    sentence: str = "",
    of: Observation | None = None,
) -> None:
    """Raise a finding unless the condition holds.

    Raises:
        Finding: with what was expected and observed.
    """
    __tracebackhide__ = True
    if not condition:
        raise Finding(expected, observed, sentence=sentence, observation=of)


def inconclusive(expected: str, observed: str, *, of: Observation | None = None) -> Finding:
    """Make a finding that says the evidence cannot decide."""
    return Finding(expected, observed, outcome=Outcome.INCONCLUSIVE, observation=of)


def _is_bare(observation: Observation | None) -> bool:
    if observation is None or not observation.answered:
        return observation is not None
    if not isinstance(observation, Sample):
        return False
    status = observation.status or 0
    if status >= _SERVER_ERRORS or status == THROTTLED:
        return True
    if observation.probe.target not in _SPEAKS_JSON and "/api/v1/" not in observation.url:
        return False
    if observation.media_type == "application/json":
        try:
            document = observation.json()
        except ValueError:
            return True
        return not isinstance(document, dict) or "success" not in document
    return observation.media_type == "text/html"
