"""From observations to the plain values of the record."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from vitals.probe.sample import (
    DnsSample,
    Kind,
    PageSample,
    Sample,
    SocketSample,
    TlsSample,
)
from vitals.record.run import Build, Counts, ProbeInfo, SampleInfo
from vitals.record.times import rfc3339
from vitals.verdict.builds import instances, web_build

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vitals.probe.sample import Observation, Phases

_BODY_CHARACTERS = 4000
_THROTTLED = 429


def probe_infos(samples: Iterable[Observation]) -> list[ProbeInfo]:
    """Single requests grouped by the probe that asked for them; wholes of parts left out."""
    groups: dict[str, list[SampleInfo]] = {}
    for sample in samples:
        if not sample.inner():
            groups.setdefault(sample.probe.label, []).append(sample_info(sample))
    return [ProbeInfo(label=label, samples=infos) for label, infos in groups.items()]


def sample_info(observation: Observation) -> SampleInfo:
    """One observation as plain values; a body is kept up to 4000 characters."""
    sample = observation if isinstance(observation, Sample) else None
    return SampleInfo(
        at=round(observation.at, 6),
        started=rfc3339(observation.started_at),
        kind=observation.kind.value,
        detail=observation.detail,
        duration=round(observation.duration, 6),
        phases=_phases(observation.phases),
        method=sample.method if sample else "",
        url=sample.url if sample else "",
        status=sample.status if sample else None,
        http_version=sample.http_version if sample else "",
        headers=[list(pair) for pair in sample.headers] if sample else [],
        body_bytes=len(sample.body) if sample else 0,
        body=sample.text[:_BODY_CHARACTERS] if sample else "",
        facts=_facts(observation),
        is_retried=observation.first is not None,
    )


def added(one: Counts, other: Counts) -> Counts:
    """The sums of two counts."""
    names = [field.name for field in fields(Counts)]
    return Counts(**{name: getattr(one, name) + getattr(other, name) for name in names})


def counts(samples: Iterable[Observation]) -> Counts:
    """Every request by what became of it; the first attempts count as requests of their own."""
    sent = [o for o in samples if not o.inner()]
    unresolved = sum(o.kind is Kind.DEADLINE for o in sent)
    answered = sum(o.answered for o in sent)
    throttled = sum(isinstance(o, Sample) and o.status == _THROTTLED for o in sent)
    failed = len(sent) - answered - unresolved
    return Counts(
        planned=len(sent),
        sent=len(sent),
        not_sent=0,
        answered=answered,
        failed=failed,
        unresolved=unresolved,
        counted=answered + failed - throttled,
        throttled=throttled,
        set_aside=0,
        after_verdict=0,
    )


def builds(samples: Sequence[Observation]) -> list[Build]:
    """The processes and web builds that the answers reveal."""
    answers = [sample for sample in samples if isinstance(sample, Sample)]
    found = [
        Build(
            surface=instance.surface,
            version=instance.version,
            started=rfc3339(instance.started) if instance.started else None,
            seen_at=rfc3339(instance.seen_at),
        )
        for instance in instances(answers)
        if instance.uptime is not None
    ]
    pages = [sample for sample in samples if isinstance(sample, PageSample)]
    for page in pages:
        if version := web_build(page.assets):
            seen = rfc3339(page.started_at)
            surface = page.probe.target
            found.append(Build(surface=surface, version=version, started=None, seen_at=seen))
    return found


def _phases(phases: Phases) -> dict[str, float]:
    named = ((field.name, getattr(phases, field.name)) for field in fields(phases))
    return {name: round(seconds, 6) for name, seconds in named if seconds is not None}


def _facts(observation: Observation) -> dict[str, str]:
    match observation:
        case TlsSample():
            ends = rfc3339(observation.not_after) if observation.not_after else ""
            return {
                "host": f"{observation.host}:{observation.port}",
                "protocol": observation.protocol,
                "problem": observation.problem or "",
                "names": ", ".join(observation.names),
                "issuer": observation.issuer,
                "not_after": ends,
            }
        case DnsSample():
            return {"host": observation.host, "addresses": ", ".join(observation.addresses)}
        case SocketSample():
            events = (f"{event.name} {event.data!r}" for event in observation.events)
            return {"url": observation.url, "events": "; ".join(events)}
        case _:
            return {}
