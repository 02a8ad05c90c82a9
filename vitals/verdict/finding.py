"""Findings: the only exceptions that say something about the product."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitals.probe.sample import Sample
from vitals.verdict.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vitals.probe.sample import Observation


THROTTLED = 429
_SERVER_ERRORS = 500
_REFUSALS = {401, 403, 404}
_HTML = "text/html"


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
        is_bare: overrides what the observation tells: False where that nothing usable answered is
            what the check is there to report.
        incident: another level than the check's own, such as P1 for data that was lost.
        evidence: what else was seen, a line each, the decisive last.
    """

    def __init__(
        self,
        expected: str,
        observed: str,
        *,
        sentence: str = "",
        outcome: Outcome = Outcome.FAIL,
        observation: Observation | None = None,
        is_bare: bool | None = None,
        incident: str = "",
        evidence: Sequence[str] = (),
    ) -> None:
        super().__init__(sentence or f"expected {expected}, got {observed}")
        self.expected = expected
        self.observed = observed
        self.sentence = sentence
        self.outcome = outcome
        self.observation = observation
        self.is_bare = _is_bare(observation) if is_bare is None else is_bare
        self.incident = incident
        self.evidence = tuple(evidence)

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
    is_bare: bool | None = None,
    incident: str = "",
) -> None:
    """Raise a finding unless the condition holds; for the arguments see `Finding`.

    Raises:
        Finding: with what was expected and observed.
    """
    __tracebackhide__ = True
    if not condition:
        raise Finding(
            expected, observed, sentence=sentence, observation=of, is_bare=is_bare,
            incident=incident,
        )  # fmt: skip


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
    if "/api/v1/" in observation.url:
        return not _is_of_the_api(observation)
    if observation.probe.target == "socket":
        return observation.media_type != "text/plain"
    return observation.probe.target == "api" and not _is_of_the_docs(observation)


def _is_of_the_docs(sample: Sample) -> bool:
    """Whether the API's documentation can look like this, or its refusal."""
    if sample.media_type != "application/json":
        return "swagger" in sample.text.lower() or sample.status in _REFUSALS
    try:
        return isinstance(sample.json(), dict)
    except ValueError:
        return False


def _is_of_the_api(sample: Sample) -> bool:
    """Whether VendHub's API can have said it: its JSON has a `success`, its texts are no HTML."""
    if sample.media_type != "application/json":
        return sample.media_type != _HTML
    try:
        document = sample.json()
    except ValueError:
        return False
    return isinstance(document, dict) and "success" in document
