"""The addresses of a target's host."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from vitals.probe.destination import host_of
from vitals.probe.fault import classify
from vitals.probe.sample import DnsSample, Kind
from vitals.probe.timeline import CURRENT, Timeline

if TYPE_CHECKING:
    from vitals.probe.prober import Prober
    from vitals.probe.spec import Dns


async def send(prober: Prober, spec: Dns) -> DnsSample:
    """Look the host up, or take what another probe of the run has found."""
    host = host_of(prober.environment.target_url(spec.target) or "")
    at = prober.clock.now()
    timeline = Timeline()
    token = CURRENT.set(timeline)
    limit = prober.limit()
    kind, detail = Kind.ANSWERED, ""
    addresses: tuple[str, ...] = ()
    try:
        async with asyncio.timeout_at(limit.when):
            addresses = await prober.names.addresses(host)
    except TimeoutError:
        kind, detail = limit.kind, limit.words(timeline.so_far())
    except socket.gaierror as fault:
        kind, detail = classify(fault, timeline.so_far)
    finally:
        CURRENT.reset(token)
    return DnsSample(
        probe=spec,
        kind=kind,
        started_at=prober.clock.utc(at),
        at=at,
        duration=prober.clock.now() - at,
        detail=detail,
        phases=timeline.phases(),
        host=host,
        addresses=addresses,
    )
