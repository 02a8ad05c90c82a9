"""The gates of a run: which of them share a series of requests, and how one is sent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from vitals.probe.body import Bound
from vitals.probe.destination import place_of
from vitals.probe.fault import printable
from vitals.probe.http import Ask, exchange, unsent
from vitals.probe.sample import Kind
from vitals.probe.sampler import Sampler
from vitals.probe.series import GateSample
from vitals.probe.spec import Gate, Get

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vitals.environment import Environment, ResponseTime, Route
    from vitals.probe.login import Login, Logins
    from vitals.probe.pace import Pace
    from vitals.probe.prober import Prober
    from vitals.probe.sample import Sample
    from vitals.probe.sampler import Send
    from vitals.probe.series import Judging

_KEPT = 2000
_WARM_UP = 1.0  # seconds that opening connections may take before the first sample


def shared(environment: Environment, gates: Iterable[Gate]) -> list[list[ResponseTime]]:
    """The rules of these gates, those together that ask the same as one person and as often."""
    wanted = {gate.target for gate in gates}
    series: dict[object, list[ResponseTime]] = {}
    for rule in environment.response_time:
        if rule.name in wanted:
            key = (rule.routes, rule.identity, rule.max_samples, rule.max_seconds)
            series.setdefault(key, []).append(rule)
    return list(series.values())


def longest(environment: Environment, gates: Iterable[Gate]) -> float:
    """Seconds that the gates may take at most, their logins and the last answers included."""
    rules = [rule for series in shared(environment, gates) for rule in series]
    patience = environment.deadlines.probe_ms / 1000
    return max(
        (rule.max_seconds + patience * (2 if rule.identity else 1) for rule in rules), default=0.0
    )


async def run_gates(
    prober: Prober,
    judging: Judging,
    gates: Iterable[Gate],
    logins: Logins,
    settle: Callable[[Gate, GateSample], None],
) -> None:
    """Sample the gates of a run side by side, then end the sessions of their logins.

    Args:
        prober: the connections and paces of the run.
        judging: how the gates are judged.
        gates: which gates.
        logins: of the persons that gates ask as.
        settle: is given what a gate is decided by, as soon as it is.
    """
    prober.lag.start()
    try:
        async with asyncio.TaskGroup() as group:
            for rules in shared(prober.environment, gates):
                group.create_task(_one_series(prober, judging, rules, logins, settle))
    finally:
        prober.lag.stop()
        await logins.end()


async def _one_series(
    prober: Prober,
    judging: Judging,
    rules: list[ResponseTime],
    logins: Logins,
    settle: Callable[[Gate, GateSample], None],
) -> None:
    try:
        person = rules[0].identity
        login = await logins.of(person) if person else None
        if login is None or not login.refusal:
            found = await run_series(prober, judging, rules, login)
        else:
            found = {rule.name: _refused(Gate(rule.name), login) for rule in rules}
    except Exception as fault:  # noqa: BLE001 - a probe never raises
        words = printable(f"{type(fault).__name__}: {fault}")
        at = prober.clock.now()
        found = {
            rule.name: GateSample.empty(
                probe=Gate(rule.name),
                kind=Kind.PROBER,
                started_at=prober.clock.utc(at),
                at=at,
                duration=0.0,
                detail=words,
            )
            for rule in rules
        }
    for name, sample in found.items():
        settle(Gate(name), sample)


def _refused(gate: Gate, login: Login) -> GateSample:
    """What a gate brings back when nobody let its person in: it ended as the login did."""
    return GateSample(
        probe=gate,
        kind=login.sample.kind,
        started_at=login.sample.started_at,
        at=login.sample.at,
        duration=login.sample.duration,
        detail=login.refusal,
        identity=login.name,
        login=login.sample,
    )


async def run_series(
    prober: Prober, judging: Judging, rules: list[ResponseTime], login: Login | None = None
) -> dict[str, GateSample]:
    """Sample the gates over one set of routes until they are decided.

    Args:
        prober: the connections and paces of the run.
        judging: how the gates are judged.
        rules: gates over the same routes.
        login: of the person that they are asked as; None for nobody.

    Returns:
        By the name of each gate, the series that it is decided by.
    """
    loop = asyncio.get_running_loop()
    at = prober.clock.now()
    patience = prober.environment.deadlines.probe_ms / 1000

    async def send(route: Route, give_up: float) -> Sample:
        return await _send(prober, route, give_up, login)

    def pace_of(route: Route) -> Pace:
        return prober.pace_of(_url(prober, route))

    def round_trip(route: Route) -> float:
        return prober.round_trip(_url(prober, route))

    sampler = Sampler(
        rules,
        [judging.judge(rule) for rule in rules],
        order=judging.order(rules[0]),
        paces=pace_of,
        send=send,
        lag=prober.lag,
        zero=loop.time() - at,
        patience=patience,
        round_trip=round_trip,
    )
    await _warm_up(prober, rules[0].routes, send)
    timed = await sampler.run()
    if login is not None:
        timed = tuple(
            replace(one, sample=login.hidden(one.sample)) if one.sample else one for one in timed
        )
    return {
        rule.name: GateSample(
            probe=Gate(rule.name),
            kind=Kind.ANSWERED,
            started_at=prober.clock.utc(at),
            at=at,
            duration=prober.clock.now() - at,
            rule=rule,
            series=rules[0].name,
            round_trip=round_trip(rules[0].routes[0]),
            timed=timed,
        )
        for rule in rules
    }


async def _warm_up(prober: Prober, routes: Iterable[Route], send: Send) -> None:
    """Ask each route once on hosts that the run has not connected to: no latency of the product."""
    until = asyncio.get_running_loop().time() + _WARM_UP

    async def ask(route: Route) -> None:
        with prober.paced(_url(prober, route)) as answers:
            answers.append(await send(route, until))

    async with asyncio.TaskGroup() as group:
        for route in routes:
            if not prober.round_trip(_url(prober, route)):
                group.create_task(ask(route))


async def _send(prober: Prober, route: Route, give_up: float, login: Login | None) -> Sample:
    """One request of a series; a retry would hide what is being measured."""
    url = _url(prober, route)
    patience = prober.environment.deadlines.probe_ms / 1000
    ask = Ask(
        probe=Get(route.target, route.path, login.shown_headers if login else ()),
        url=url,
        headers=login.headers if login else (),
        bound=Bound(prober.environment.deadlines.body_bytes, _KEPT),
    )
    limit = prober.limit_at(give_up, patience)
    try:
        async with prober.slot(place_of(url), until=give_up):
            return await exchange(prober, ask, limit)
    except TimeoutError:
        words = "all connections to the host were held by earlier requests"
        return unsent(prober, ask, Kind.TIMEOUT, words, prober.clock.now())


def _url(prober: Prober, route: Route) -> str:
    return (prober.environment.target_url(route.target) or "") + route.path
