"""Which builds run: instances told apart by when their processes started."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vitals.probe.sample import Sample

_BUILD_ID = re.compile(r"/_next/static/([^/]+)/_(?:build|ssg)Manifest\.js")

SAME_START = timedelta(seconds=2)
"""Starts that lie closer together than this belong to one process: uptimes are rounded."""

_LONGEST_S = 1e9  # thirty years; longer is no uptime, and no timedelta

CONSTANT_VERSION = "1.0.0"
"""What VendHub-OS reports whenever it is not started by npm (facts, 2.1): it proves nothing."""


@dataclass(frozen=True, slots=True)
class Release:
    """What the caller knows about the deploy that this run follows.

    Attributes:
        version: the version that should be running, from `--expect-version`.
        deployed_at: when the deploy began (UTC), from `--deployed-at`.
    """

    version: str | None = None
    deployed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """A process that answered: what it calls its version and when it started.

    Attributes:
        surface: the target that it is an instance of.
        version: as reported, empty if absent.
        started: timestamp less uptime of one answer, by the target's clock; None if not told.
        uptime: seconds that it had been up when it answered; None if not told.
        seen_at: when the prober asked (UTC).
        at: the same in seconds since the run began; the answer itself is a little younger.
    """

    surface: str
    version: str
    started: datetime | None
    uptime: float | None
    seen_at: datetime
    at: float

    @property
    def started_by_prober(self) -> datetime | None:
        """When it started by the prober's clock, whatever the target's clock says."""
        return self.seen_at - timedelta(seconds=self.uptime) if self.uptime is not None else None

    @property
    def is_younger_than_the_run(self) -> bool:
        """Whether the process started after the run had begun; needs no clock to be right."""
        return self.uptime is not None and self.uptime < self.at


def instances(answers: Iterable[Sample]) -> list[Instance]:
    """The distinct processes behind the answers, oldest start first; unusable answers left out."""
    found: list[Instance] = []
    for seen in filter(None, map(read_instance, answers)):
        if not any(_is_same(seen, known) for known in found):
            found.append(seen)
    return sorted(found, key=lambda one: (one.started is None, str(one.started)))


def web_build(assets: Iterable[Sample]) -> str:
    """The build id in the addresses of a Next.js page's files, empty if they hold none.

    Next.js serves a build's manifest below `/_next/static/<build id>/`.
    """
    found = (_BUILD_ID.search(asset.url) for asset in assets)
    return next((match.group(1) for match in found if match), "")


def read_instance(answer: Sample) -> Instance | None:
    """What one answer of the version route says about its process, None if it says nothing."""
    if not answer.answered:
        return None
    try:
        document = answer.json()
    except ValueError:
        return None
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict):
        return None
    version = data.get("version")
    seconds = _seconds(data.get("uptime"))
    stamp = _moment(data.get("timestamp"))
    started = stamp - timedelta(seconds=seconds) if stamp and seconds is not None else None
    return Instance(
        surface=answer.probe.target,
        version=version if isinstance(version, str) else "",
        started=started,
        uptime=seconds,
        seen_at=answer.started_at,
        at=answer.at,
    )


def _seconds(uptime: object) -> float | None:
    if isinstance(uptime, bool) or not isinstance(uptime, int | float):
        return None
    return float(uptime) if 0 <= uptime < _LONGEST_S else None


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def _is_same(one: Instance, other: Instance) -> bool:
    if (one.surface, one.version) != (other.surface, other.version):
        return False
    if one.started is None or other.started is None:
        return one.started is other.started
    return abs(one.started - other.started) < SAME_START
