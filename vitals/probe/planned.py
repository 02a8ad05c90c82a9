"""One request of an open schedule, from its plan to what can be said of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vitals.probe.series import Timed, Use, is_failure

if TYPE_CHECKING:
    from vitals.environment import Route
    from vitals.probe.sample import Sample

_DIGITS = 6  # of a second, as in the record: what is decided now is decided from there too


@dataclass(slots=True)
class Planned:
    """A planned request on its way; all moments are those of the loop.

    Attributes:
        late: seconds by which the prober itself was late to take it up.
        counted: a gate has applied it.
        outstanding: it is known to have lasted longer than so many seconds.
    """

    index: int
    route: Route
    planned: float
    late: float = 0.0
    lag: float = 0.0
    use: Use = Use.NOT_SENT
    sample: Sample | None = None
    counted: bool = False
    outstanding: float = 0.0
    round_trip: float = 0.0
    _held: float = 0.0
    _held_since: float | None = None

    @property
    def is_on_its_way(self) -> bool:
        """Whether nothing has come of it yet."""
        return self.sample is None and self.use in {Use.NOT_SENT, Use.UNRESOLVED}

    def hold(self, now: float, *, by_ourselves: bool) -> None:
        """Note that it must wait from now on: for an answer, or for our own rate limit."""
        self._held = self._held_at(now)
        self._held_since = now if by_ourselves else None

    def let_go(self, now: float) -> None:
        """Note that it leaves."""
        self.hold(now, by_ourselves=False)

    def age(self, now: float) -> float:
        """Seconds since it was planned that are not our own rate limit's."""
        return now - self.planned - self._held_at(now)

    def timed(self, zero: float) -> Timed:
        """What there is to say of it.

        Args:
            zero: the loop's time at which the run began.
        """
        planned = self.planned - zero
        failed = self.sample is not None and is_failure(self.sample)
        elapsed = server = math.inf
        if self.sample is not None:
            ended = self.sample.at + self.sample.duration
            elapsed = max(ended - planned - self._held, self.outstanding)
            body = self.sample.phases.body or 0.0
            server = math.inf if failed else max(elapsed - body - self.round_trip, 0.0)
        return Timed(
            index=self.index,
            route=str(self.route),
            planned=_rounded(planned),
            late=self.late,
            lag=self.lag,
            use=self.use,
            failed=failed,
            elapsed=_rounded(elapsed),
            server=_rounded(server),
            sample=self.sample,
        )

    def _held_at(self, now: float) -> float:
        return self._held + (0.0 if self._held_since is None else now - self._held_since)


def _rounded(seconds: float) -> float:
    return round(seconds, _DIGITS) if math.isfinite(seconds) else seconds
