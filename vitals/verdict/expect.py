"""What a healthy answer looks like, said so that anything missing is a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from vitals.probe.sample import Kind, Observation, Sample
from vitals.verdict.finding import THROTTLED, Finding
from vitals.verdict.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

_SHOWN = 120
API_PREFIX = "/api/v1"


class ProberFaultError(Exception):
    """A probe ended by a fault of the suite; it says nothing about the product."""


class Expectation:
    """Conditions on one sample, in order; the first that does not hold raises a `Finding`."""

    def __init__(self, sample: Observation, *, is_foundation: bool = False) -> None:
        self._sample = sample
        self._is_foundation = is_foundation

    def answered(self, expected: str = "an answer") -> Self:
        """The target answered at all.

        Raises:
            ProberFaultError: the probe itself failed.
        """
        __tracebackhide__ = True
        sample = self._sample
        if sample.kind is Kind.PROBER:
            raise ProberFaultError(f"{sample.probe.label}: {sample.detail}")
        if not sample.answered:
            where = f" from {_place(sample)}" if isinstance(sample, Sample) else ""
            more = sample.detail.removeprefix(sample.kind.value).removeprefix(": ")
            detail = f": {more}" if more else ""
            raise self._finding(expected, f"{sample.kind.value}{where}{detail}")
        return self

    def status(self, *allowed: int) -> Self:
        """It answered with one of these statuses; a 429 decides nothing."""
        __tracebackhide__ = True
        expected = " or ".join(map(str, allowed))
        sample = self._http(expected)
        if sample.status in allowed:
            return self
        throttled = sample.status == THROTTLED
        raise self._finding(
            expected,
            f"{sample.status} from {_place(sample)}"
            + (": throttled, try again in a minute" if throttled else ""),
            Outcome.INCONCLUSIVE if throttled else Outcome.FAIL,
        )

    def json(self, path: str, is_right: Any = None, *, expected: str = "") -> Self:
        """The JSON body has a value at a dotted path: any, an equal one, or one that satisfies.

        Args:
            path: keys and list positions, joined by dots.
            is_right: the value itself, a predicate on it, or None when its presence is enough.
            expected: how to say what is right, needed with a predicate.
        """
        __tracebackhide__ = True
        wanted = expected or (f"{path} = {_show(is_right)}" if is_right is not None else path)
        sample = self._http(wanted)
        value = self.value(path, expected=wanted)
        if is_right is None:
            return self
        good = is_right(value) if callable(is_right) else _same(value, is_right)
        if not good:
            raise self._finding(wanted, f"{path} = {_show(value)} from {_place(sample)}")
        return self

    def value(self, path: str, *, expected: str = "") -> Any:
        """The value at a dotted path of the JSON body; a finding when it is not there."""
        __tracebackhide__ = True
        sample = self._http(expected or path)
        value = self._document(sample)
        for step in path.split("."):
            try:
                value = value[int(step)] if isinstance(value, list) else value[step]
            except (KeyError, IndexError, TypeError, ValueError):
                raise self._finding(
                    expected or path, f"no {path} in the answer of {_place(sample)}"
                ) from None
        return value

    def envelope(self) -> Self:
        """The body is VendHub's success wrapper: `{success: true, data, timestamp}`."""
        __tracebackhide__ = True
        self.status(200)
        try:
            self.json("success", True).json("data").json("timestamp")
        except Finding as finding:
            raise self._finding("VendHub's {success, data, timestamp}", finding.observed) from None
        return self

    def media_type(self, *allowed: str) -> Self:
        """The content type is one of these, parameters aside."""
        __tracebackhide__ = True
        sample = self._http("/".join(allowed))
        if sample.media_type not in allowed:
            raise self._finding(
                " or ".join(allowed),
                f"{sample.media_type or 'no content type'} from {_place(sample)}",
            )
        return self

    def header(self, name: str, is_right: Callable[[str], bool] | str, expected: str = "") -> Self:
        """A header is there and is right: equal to a text, or satisfying a predicate."""
        __tracebackhide__ = True
        wanted = expected or f"{name}: {is_right}"
        sample = self._http(wanted)
        value = sample.header(name)
        good = value is not None and (
            is_right(value) if callable(is_right) else value.lower() == is_right.lower()
        )
        if not good:
            seen = f"no {name}" if value is None else f"{name}: {_clip(value)}"
            raise self._finding(wanted, f"{seen} from {_place(sample)}")
        return self

    def contains(self, *texts: str) -> Self:
        """The body holds every one of these texts."""
        __tracebackhide__ = True
        sample = self._http(texts[0])
        for text in texts:
            if text not in sample.text:
                place = _place(sample)
                raise self._finding(f"a page with {text!r}", f"a page without it from {place}")
        return self

    def _http(self, expected: str) -> Sample:
        __tracebackhide__ = True
        self.answered(expected)
        if not isinstance(self._sample, Sample):
            raise TypeError(f"{self._sample.probe.label} is no HTTP request")
        return self._sample

    def _document(self, sample: Sample) -> Any:
        __tracebackhide__ = True
        try:
            return sample.json()
        except ValueError:
            what = sample.media_type or "a body without content type"
            raise self._finding("JSON", f"{what} that is not JSON from {_place(sample)}") from None

    def _finding(self, expected: str, observed: str, outcome: Outcome = Outcome.FAIL) -> Finding:
        return Finding(
            expected,
            observed,
            outcome=outcome,
            observation=self._sample,
            is_bare=False if self._is_foundation else None,
        )


def expect(sample: Observation, *, is_foundation: bool = False) -> Expectation:
    """Begin a sentence about a sample: `expect(ready).status(200).json("data.status", "ok")`.

    Args:
        sample: what is judged.
        is_foundation: no answer, a 5xx or another server's page is what this check is about;
            otherwise whoever stands on another check is BLOCKED by them.
    """
    return Expectation(sample, is_foundation=is_foundation)


def worst_first(*samples: Sample) -> list[Sample]:
    """The samples with the least usable answer first: none, then 5xx, then 4xx, then the rest."""
    return sorted(samples, key=lambda sample: (sample.answered, -((sample.status or 0) // 100)))


def _place(sample: Sample) -> str:
    """The path as the runbook writes it; with the host once a redirect led elsewhere."""
    parts = urlsplit(sample.url)
    path = parts.path.removeprefix(API_PREFIX) or "/"
    return f"{parts.scheme}://{parts.netloc}{path}" if sample.hops else path


def _same(value: Any, wanted: Any) -> bool:
    return type(value) is type(wanted) and bool(value == wanted)


def _show(value: Any) -> str:
    return _clip(repr(value))


def _clip(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"
