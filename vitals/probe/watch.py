"""Several answers of one route, so that a restart or a second build behind it shows."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from vitals.probe.http import Ask, fetch
from vitals.probe.sample import Kind, WatchSample

if TYPE_CHECKING:
    from vitals.probe.prober import Prober
    from vitals.probe.spec import Watch


async def send(prober: Prober, spec: Watch) -> WatchSample:
    """Answers at the start, each on a connection of its own, and one after all other probes."""
    base = prober.environment.target_url(spec.target) or ""
    ask = Ask(probe=spec, url=base.rstrip("/") + spec.path, fresh=True)
    answers = await asyncio.gather(*(fetch(prober, ask) for _ in range(spec.times)))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(prober.watch_until):
            await prober.quiet.wait()
    prober.extend()
    answers.append(await fetch(prober, ask))
    worst = next((answer for answer in answers if answer.kind is not Kind.ANSWERED), answers[0])
    return WatchSample(
        probe=spec,
        kind=worst.kind,
        started_at=answers[0].started_at,
        at=answers[0].at,
        duration=prober.clock.now() - answers[0].at,
        detail=worst.detail,
        phases=worst.phases,
        answers=tuple(answers),
    )
