"""The mark by which a task is known to be ours, in its description."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vitals.environment import Smoke

TAG = "vendhub-vitals"

_TIME = "%Y%m%dT%H%M%SZ"
_TAG = re.compile(rf"\[{TAG} [A-Za-z0-9_-]{{1,64}} (?P<started>[0-9]{{8}}T[0-9]{{6}}Z)\]")


def tag_of(run_id: str, started: datetime) -> str:
    """The mark of a run; goes into the description of its tasks.

    Args:
        run_id: letters, digits, - and _.
        started: with a time zone.
    """
    return f"[{TAG} {run_id} {started.astimezone(UTC):{_TIME}}]"


def started_of(description: object) -> datetime | None:
    """When the run began whose mark a description carries; None if it carries none."""
    found = _TAG.search(description) if isinstance(description, str) else None
    try:
        return datetime.strptime(found["started"], _TIME).replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


def longest_run(smoke: Smoke) -> timedelta:
    """How long a run may take: the deadlines of all its steps."""
    return timedelta(milliseconds=sum(step.deadline_ms for step in smoke.steps.values()))
