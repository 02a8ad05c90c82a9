"""What an open schedule brings back: requests in planned order, each with what it may prove."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from vitals.probe.sample import Kind, Observation, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vitals.environment import ResponseTime, Route

BODY_GRACE = 1.0
"""Seconds that a body may take after the limit of a gate that measures the server's part."""

LATE = 0.02
"""Seconds; a request that the prober itself sent later than this proves nothing."""


def cut_off(limit: float, measure: str) -> float:
    """Seconds after which a request that is still outstanding has exceeded a limit."""
    return limit + BODY_GRACE if measure == "server" else limit


class Use(StrEnum):
    """What a planned request is good for."""

    EVIDENCE = "evidence"
    THROTTLED = "throttled"
    SET_ASIDE = "set aside"
    UNRESOLVED = "unresolved"
    NOT_SENT = "not sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One planned request of a series.

    Attributes:
        index: its place in the planned order.
        route: as the environment file spells it.
        planned: seconds since the run began.
        late: seconds between plan and sending that were the prober's own fault.
        lag: the longest that the prober's event loop was held up while it was under way, seconds.
        use: what it is good for.
        failed: it ended without a usable answer, which exceeds every limit.
        elapsed: seconds from the planned moment to the end of the request, however it ended;
            infinite when it had not ended when the gate was decided.
        server: seconds from the planned moment to the first byte, less the round trip of the
            host; infinite when it failed.
        sample: the request itself; None when it was not sent or had not ended.
    """

    index: int
    route: str
    planned: float
    late: float
    lag: float
    use: Use
    failed: bool = False
    elapsed: float = math.inf
    server: float = math.inf
    sample: Sample | None = None

    def seconds(self, measure: str) -> float:
        """What a gate compares with its limit: until the last byte, or the `server`'s part."""
        if self.failed or math.isinf(self.elapsed):
            return math.inf
        return self.server if measure == "server" else self.elapsed

    def exceeds(self, limit: float, measure: str) -> bool | None:
        """Whether it exceeded a limit in seconds; None when it says nothing about that.

        A request that was still outstanding at the limit had exceeded it, whatever came later.
        """
        if self.use is not Use.SET_ASIDE and self.elapsed > cut_off(limit, measure):
            return True if self.use is not Use.NOT_SENT and self.use is not Use.UNRESOLVED else None
        return self.seconds(measure) > limit if self.use is Use.EVIDENCE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSample(Observation):
    """The series of requests that a gate decides by, in planned order.

    Attributes:
        rule: the gate as the environment file has it; None when it could not be sampled.
        series: the name of the series; gates over the same routes share one.
        round_trip: the shortest time that connecting to the host took, seconds.
        timed: every planned request.
        identity: who could not log in, so that nothing was sampled; "" for nobody.
        login: the request that did not let them in, without its body and headers.
    """

    rule: ResponseTime | None = None
    series: str = ""
    round_trip: float = 0.0
    timed: tuple[Timed, ...] = ()
    identity: str = ""
    login: Sample | None = None

    @property
    def awaited(self) -> str:
        """What was waited for, as it reads behind "expected"."""
        return f"a login of {self.identity}" if self.identity else "samples"

    def inner(self) -> tuple[Observation, ...]:
        """The requests that were sent."""
        return tuple(one.sample for one in self.timed if one.sample is not None)


class Judge(Protocol):
    """Decides a gate while it is sampled; what counts in the end is decided from the samples."""

    def add(self, route: str, *, exceeded: bool) -> bool:
        """Take the next sample in planned order; tell whether the gate is decided."""


@dataclass(frozen=True, slots=True)
class Judging:
    """How gates are judged: given to the sampler, because probes know nothing of verdicts.

    Attributes:
        judge: makes the judge of a gate.
        order: the routes of a gate in the order in which to send, without end.
    """

    judge: Callable[[ResponseTime], Judge]
    order: Callable[[ResponseTime], Iterator[Route]]


def is_failure(sample: Sample) -> bool:
    """Whether an answer counts as none: nothing usable, a status of failure, a wrong body."""
    if sample.kind is not Kind.ANSWERED or not 200 <= (sample.status or 0) < 400:  # noqa: PLR2004 - the classes of success and redirection
        return True
    is_api = "/api/v1/" in sample.url
    if is_api and sample.media_type == "application/json" and sample.size == len(sample.body):
        try:
            sample.json()
        except ValueError:
            return True
    return is_api and sample.media_type == "text/html"
