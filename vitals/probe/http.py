"""One HTTP request, with its redirects and its second attempt, to one sample."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vitals.probe import destination
from vitals.probe.body import Body, BodyGarbledError, BodyTooLargeError, Bound, read_body
from vitals.probe.client import httpx
from vitals.probe.fault import classify, printable
from vitals.probe.sample import Hop, Kind, Sample
from vitals.probe.timeline import CURRENT, Timeline

if TYPE_CHECKING:
    from vitals.probe.prober import Limit, Prober
    from vitals.probe.spec import Probe, Request

PAUSE = 0.5
"""Seconds before the second attempt: a restart or a dropped packet is over by then."""

_HEADERS_AT_MOST = 200
_HEADER_BYTES_AT_MOST = 8192
_REDIRECTS = {301, 302, 303, 307, 308}
_SERVER_ERROR = 500
_REPEATED = {
    Kind.DNS,
    Kind.REFUSED,
    Kind.UNREACHABLE,
    Kind.RESET,
    Kind.TIMEOUT,
    Kind.PROTOCOL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request in full: what `fetch` sends.

    Attributes:
        probe: the declaration that it serves.
        source: the answer that named the URL; None when the environment file did.
        headers: added to the request, for the place of `url` only.
        bare: without the `[headers]` of the environment.
        direct: not by way of the proxy.
        repeat: once more after no answer or a 5xx.
        bound: how much of the body is read and kept; None for the file's limit.
        content: the request's own body.
    """

    probe: Probe
    url: str
    method: str = "GET"
    source: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    follow: bool = False
    bare: bool = False
    fresh: bool = False
    direct: bool = False
    repeat: bool = True
    bound: Bound | None = None
    content: bytes = field(default=b"", repr=False)


async def send(prober: Prober, spec: Request) -> Sample:
    """The sample of a GET, HEAD or OPTIONS; GET and HEAD have a second attempt."""
    base = prober.environment.target_url(spec.target) or ""
    return await fetch(
        prober,
        Ask(
            probe=spec,
            url=base.rstrip("/") + spec.path,
            method=spec.method,
            headers=spec.sent_headers(prober.environment),
            follow=spec.follow,
            bare=spec.bare,
            fresh=spec.fresh,
            repeat=spec.method in {"GET", "HEAD"},
        ),
    )


async def fetch(prober: Prober, ask: Ask) -> Sample:
    """Send a request, once more where that is allowed and helps; never raises for an answer."""
    first = await _attempt(prober, ask)
    loop = asyncio.get_running_loop()
    failed = first.kind in _REPEATED or (
        first.kind is Kind.ANSWERED and (first.status or 0) >= _SERVER_ERROR
    )
    # A second attempt that cannot wait as long as the first would only blur what was seen.
    needed = prober.environment.deadlines.probe_ms / 1000 if first.kind is Kind.TIMEOUT else 0.0
    if not (ask.repeat and failed) or loop.time() + PAUSE + needed >= prober.end:
        return first
    await asyncio.sleep(PAUSE)
    return replace(await _attempt(prober, ask), first=first)


async def _attempt(prober: Prober, ask: Ask) -> Sample:
    """One attempt: a request and the redirects that it leads to."""
    hops: tuple[Hop, ...] = ()
    step = ask
    start: Sample | None = None
    limit: Limit | None = None
    sample: Sample
    while True:
        at = prober.clock.now()
        try:
            async with prober.slot_of(step.url):
                at = prober.clock.now()
                limit = limit or prober.limit()
                with prober.paced(step.url) as answers:
                    sample = await exchange(prober, step, limit)
                    answers.append(sample)
        except TimeoutError:
            count = prober.environment.limits.connections
            words = f"not sent: {count} requests to the host were in flight until the round ended"
            sample = unsent(prober, step, Kind.DEADLINE, words, at)
        sample = replace(sample, hops=hops)
        if start is not None:
            sample = replace(
                sample,
                at=start.at,
                started_at=start.started_at,
                duration=sample.at + sample.duration - start.at,
            )
        start = start or sample
        location = sample.header_values("location")
        is_redirect = sample.kind is Kind.ANSWERED and sample.status in _REDIRECTS and location
        if not (ask.follow and is_redirect):
            return sample
        following = destination.absolute(step.url, location[0])
        reason = (
            "it is no URL"
            if following is None
            else destination.refusal(following, source=step.url, environment=prober.environment)
        )
        if following is None or reason:
            where = printable(following or location[0])
            words = f"{sample.status} leads to {where}: {reason}"
            return replace(sample, kind=Kind.FOREIGN, detail=words)
        hops = (*hops, Hop(sample.status or 0, following))
        if len(hops) > destination.MAX_REDIRECTS:
            words = f"more than {destination.MAX_REDIRECTS} redirects, at last to "
            words += printable(following)
            return replace(sample, kind=Kind.REDIRECTS, detail=words, hops=hops)
        goes_along = destination.is_same_place(step.url, following)
        headers = step.headers if goes_along else ()
        step = replace(step, url=following, source=step.url, headers=headers)


async def exchange(prober: Prober, ask: Ask, limit: Limit) -> Sample:
    """One request on one connection.

    A connection that was used before may be closed by the server in the moment in which it is
    used again (RFC 9112, 9.3.1); then the request goes out at once on a fresh one, which says
    nothing about the health of the product.
    """
    sample = await _request(prober, ask, limit)
    is_race = sample.kind is Kind.RESET and sample.reused and sample.status is None
    if is_race and ask.repeat:
        sample = await _request(prober, replace(ask, fresh=True), limit)
    prober.note_round_trip(ask.url, sample.phases.connect)
    return sample


async def _request(prober: Prober, ask: Ask, limit: Limit) -> Sample:
    at = prober.clock.now()
    timeline = Timeline()
    token = CURRENT.set(timeline)
    answer = _Answer()
    kind, detail = Kind.ANSWERED, ""
    try:
        async with asyncio.timeout_at(limit.when):
            kind, detail = await _talk(prober, ask, timeline, answer)
    except TimeoutError:
        kind, detail = limit.kind, limit.words(timeline.so_far())
    except BodyTooLargeError:
        allowed = (ask.bound or _whole(prober)).read
        kind, detail = Kind.TOO_LARGE, f"more than {allowed} bytes of a body"
    except BodyGarbledError as fault:
        kind, detail = Kind.PROTOCOL, f"the body cannot be read: {fault}"
    except Exception as fault:  # noqa: BLE001 - whatever a client raises is a kind of sample
        kind, detail = classify(fault, timeline.so_far)
        if prober.environment.network.proxy and not ask.direct and answer.status is None:
            detail += " (by way of the proxy)"
    finally:
        CURRENT.reset(token)
        await timeline.close_unfinished()
    return Sample(
        probe=ask.probe,
        kind=kind,
        started_at=prober.clock.utc(at),
        at=at,
        duration=timeline.duration(),
        detail=detail,
        phases=timeline.phases(),
        method=ask.method,
        url=ask.url,
        status=answer.status,
        http_version=answer.http_version,
        headers=answer.headers,
        body=bytes(answer.body.kept),
        size=answer.body.size,
        reused=bool(timeline.marks) and timeline.is_reused,
    )


@dataclass(slots=True)
class _Answer:
    """What has come of an answer so far."""

    status: int | None = None
    http_version: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: Body = field(default_factory=Body)


async def _talk(prober: Prober, ask: Ask, timeline: Timeline, answer: _Answer) -> tuple[Kind, str]:
    host = destination.host_of(ask.url)
    if ask.source is not None and not prober.environment.network.proxy:
        addresses = await prober.names.addresses(host)
        if reason := destination.address_refusal(host, addresses, prober.environment):
            return Kind.FOREIGN, reason
    request = httpx.Request(
        ask.method,
        ask.url,
        headers=_request_headers(prober, ask),
        content=ask.content or None,
        extensions={"trace": timeline.trace},
    )
    async with prober.transport(fresh=ask.fresh, direct=ask.direct) as transport:
        response = await transport.handle_async_request(request)
        async with contextlib.aclosing(response):
            answer.status = response.status_code
            answer.http_version = response.http_version
            answer.headers = _kept_headers(response)
            encoding = response.headers.get("content-encoding", "")
            bound = ask.bound or _whole(prober)
            chunks = response.aiter_raw()
            await read_body(chunks, encoding, bound, timeline, answer.body)
    return Kind.ANSWERED, ""


def _request_headers(prober: Prober, ask: Ask) -> list[tuple[str, str]]:
    headers = {"user-agent": prober.user_agent, "accept": "*/*", "accept-encoding": "gzip"}
    if not ask.bare and destination.takes_added_headers(ask.url, prober.environment):
        for name, value in prober.environment.headers.items():
            if isinstance(value, str):
                headers[name.lower()] = value
            elif value.is_set:
                headers[name.lower()] = value.reveal()
    own = {name.lower() for name, _ in ask.headers}
    kept = [(name, value) for name, value in headers.items() if name not in own]
    return [*kept, *ask.headers]


def _kept_headers(response: httpx.Response) -> tuple[tuple[str, str], ...]:
    kept = response.headers.raw[:_HEADERS_AT_MOST]
    return tuple(
        (name.decode("latin-1").lower(), value[:_HEADER_BYTES_AT_MOST].decode("latin-1"))
        for name, value in kept
    )


def _whole(prober: Prober) -> Bound:
    limit = prober.environment.deadlines.body_bytes
    return Bound(limit, limit)


def unsent(prober: Prober, ask: Ask, kind: Kind, words: str, at: float) -> Sample:
    """The sample of a request that never left: `words` say why, `at` when it should have."""
    return Sample(
        probe=ask.probe,
        kind=kind,
        started_at=prober.clock.utc(at),
        at=at,
        duration=prober.clock.now() - at,
        detail=words,
        method=ask.method,
        url=ask.url,
    )


def foreign(prober: Prober, ask: Ask, reason: str) -> Sample:
    """The sample of a URL that was not requested, because of where it leads."""
    return unsent(prober, ask, Kind.FOREIGN, reason, prober.clock.now())
