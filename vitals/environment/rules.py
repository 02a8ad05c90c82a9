"""What the values of an environment must not say together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vitals.environment.addresses import host_of, is_loopback
from vitals.environment.errors import Key, RefusedError
from vitals.environment.tables import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from vitals.environment.model import Environment
    from vitals.environment.tables import ResponseTime

LONGEST_GAP_DAYS = 180
NEVER_A_GAP = ("API Health", "Frontend")
LOGIN_SECONDS = 900
"""For which VendHub's access token is good; a gate does not renew it."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Values that contradict each other, reported at one of their keys."""

    key: Key
    value: object
    refusal: RefusedError


def first_conflict(env: Environment, today: date) -> Conflict | None:
    """The first contradiction in an environment, None when there is none.

    Args:
        env: what was read.
        today: the day (UTC) from which a known gap's date is counted.
    """
    rules: tuple[Callable[[Environment], Iterator[Conflict]], ...] = (
        _deadlines,
        _standin,
        _smoke,
        _identities,
        _gates,
        _schedule,
        _plain_http,
    )
    for rule in rules:
        if conflict := next(rule(env), None):
            return conflict
    return next(_known_gaps(env, today), None)


def _deadlines(env: Environment) -> Iterator[Conflict]:
    probe, whole_round = env.deadlines.probe_ms, env.deadlines.round_ms
    if whole_round < probe:
        yield Conflict(
            ("deadlines", "round_ms"),
            whole_round,
            RefusedError(
                f"at least deadlines.probe_ms, which is {probe}",
                "Raise round_ms or lower probe_ms: a round waits for its slowest probe.",
            ),
        )


def _standin(env: Environment) -> Iterator[Conflict]:
    if env.standin is None:
        return
    filled: dict[str, list[str]] = {
        "urls": [k for k in TARGETS if getattr(env.urls, k)],
        "hosts": [k for k in ("assets", "storage") if getattr(env.hosts, k)],
        "identities": [*env.identities],
    }
    for table, keys in filled.items():
        for key in keys:
            yield Conflict(
                (table, key),
                None,
                RefusedError(
                    "nothing here, because the run starts the stand-in and fills it in",
                    f"Remove it, or remove [standin] to look at a VendHub that runs elsewhere"
                    f" ({table} and [standin] contradict each other).",
                    shown="",
                ),
            )


def _smoke(env: Environment) -> Iterator[Conflict]:
    for key in ("organization", "machine"):
        if env.smoke.writes and not env.standin and not getattr(env.smoke, key):
            yield Conflict(
                ("smoke", "writes"),
                env.smoke.writes,
                RefusedError(
                    f"false, because smoke.{key} is not set",
                    f"Name a dedicated {key}, to which alone the smoke path writes.",
                ),
            )


def _identities(env: Environment) -> Iterator[Conflict]:
    for name, who in env.identities.items():
        pairs = (
            ("email", bool(who.email), "password", who.password.is_configured),
            ("telegram_id", bool(who.telegram_id), "bot_token", who.bot_token.is_configured),
        )
        for one, has_one, other, has_other in pairs:
            if has_one != has_other:
                present, absent = (one, other) if has_one else (other, one)
                yield Conflict(
                    ("identities", name, present),
                    None,
                    RefusedError(
                        f"identities.{name}.{absent} beside it",
                        f"Add {absent}, or remove {present}: neither can log in alone.",
                        shown="",
                    ),
                )


def _gates(env: Environment) -> Iterator[Conflict]:
    seen: set[str] = set()
    for index, gate in enumerate(env.response_time):
        if gate.name in seen:
            yield Conflict(
                ("response_time", index, "name"),
                gate.name,
                RefusedError("each name once", "Give one of the two gates another name."),
            )
        seen.add(gate.name)
        if not gate.routes:
            yield Conflict(
                ("response_time", index, "routes"),
                gate.routes,
                RefusedError("at least one route", example='["/api/v1/health/ready"]'),
            )
        least = math.ceil(math.log(gate.alpha_pass) / math.log(gate.quantile))
        if gate.max_samples < least:
            yield Conflict(
                ("response_time", index, "max_samples"),
                gate.max_samples,
                RefusedError(
                    f"at least {least}, the fewest that can prove quantile {gate.quantile:g}"
                    f" with alpha_pass {gate.alpha_pass:g}",
                    "Raise max_samples, or the gate could never pass.",
                ),
            )
        if gate.identity:
            yield from _gate_behind_a_login(env, index, gate)


def _gate_behind_a_login(env: Environment, index: int, gate: ResponseTime) -> Iterator[Conflict]:
    if gate.identity not in env.identities and env.standin is None:
        yield Conflict(
            ("response_time", index, "identity"),
            gate.identity,
            RefusedError(
                f"one of [identities], which has {', '.join(env.identities) or 'none'}",
                f"Add [identities.{gate.identity}], or remove identity to ask without a login.",
            ),
        )
    elsewhere = [str(route) for route in gate.routes if route.target != "api"]
    if elsewhere:
        yield Conflict(
            ("response_time", index, "routes"),
            elsewhere[0],
            RefusedError(
                "routes of the API alone, because identity is set",
                "Give it a gate of its own without identity: a login's token goes to the API only.",
            ),
        )
    longest = LOGIN_SECONDS - env.deadlines.probe_ms / 1000
    if gate.max_seconds > longest:
        yield Conflict(
            ("response_time", index, "max_seconds"),
            gate.max_seconds,
            RefusedError(
                f"at most {longest:g}, because identity is set",
                f"Lower max_seconds: a login is good for {LOGIN_SECONDS} seconds.",
            ),
        )


def _schedule(env: Environment) -> Iterator[Conflict]:
    if env.schedule.window < env.schedule.checks:
        yield Conflict(
            ("schedule", "window"),
            env.schedule.window,
            RefusedError(
                f"at least schedule.checks, which is {env.schedule.checks:g} seconds",
                "Lengthen window: evidence is carried from run to run within it.",
                shown=f"{env.schedule.window:g} seconds",
            ),
        )


def _plain_http(env: Environment) -> Iterator[Conflict]:
    secrets = env.secrets()
    for target in TARGETS:
        url = getattr(env.urls, target)
        host = host_of(url)
        if not url.startswith("http://") or is_loopback(host) or not secrets:
            continue
        if env.secrets_allowed_for(host):
            yield Conflict(
                ("urls", target),
                url,
                RefusedError(
                    f"https, because {secrets[0][0]} configures a secret",
                    "Write https://; plain http would show the secret to everyone on the way.",
                ),
            )


def _known_gaps(env: Environment, today: date) -> Iterator[Conflict]:
    seen: set[tuple[str, str]] = set()
    for index, gap in enumerate(env.known_gap):
        if gap.check.casefold() in {name.casefold() for name in NEVER_A_GAP}:
            yield Conflict(
                ("known_gap", index, "check"),
                gap.check,
                RefusedError(
                    f"a check other than {' and '.join(NEVER_A_GAP)}",
                    "Remove the entry: without these two nothing works, so they are never a gap.",
                ),
            )
        if (gap.until - today).days > LONGEST_GAP_DAYS:
            yield Conflict(
                ("known_gap", index, "until"),
                gap.until,
                RefusedError(
                    f"a date at most {LONGEST_GAP_DAYS} days ahead",
                    "Choose an earlier date; when it has come, look at the gap again.",
                ),
            )
        if (gap.check, gap.symptom) in seen:
            yield Conflict(
                ("known_gap", index, "check"),
                gap.check,
                RefusedError("each gap once", "Remove one of the two entries."),
            )
        seen.add((gap.check, gap.symptom))
