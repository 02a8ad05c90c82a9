"""Gates of the suite over a server of a benchmark, sampled as a run does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitals.environment import Deadlines, Environment, Limits, ResponseTime, Urls
from vitals.environment.readers import Route, Window
from vitals.probe.round import Round
from vitals.probe.series import GateSample
from vitals.probe.spec import Gate
from vitals.verdict.response_time import judging

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vitals.probe.series import Timed

HEADROOM = 0.8


def rule(name: str, path: str, limit: float, samples: int, *, alpha: bool = True) -> ResponseTime:
    """A gate over one route with a limit in seconds; without `alpha` it is never decided."""
    return ResponseTime(
        name=name,
        routes=(Route("api", path),),
        limit_ms=limit * 1000,
        max_samples=samples,
        max_seconds=170.0,
        alpha_pass=0.05 if alpha else 1e-300,
        alpha_fail=0.01 if alpha else 1e-300,
    )


def sampled(
    url: str, rules: Sequence[ResponseTime], *, per_second: float, connections: int = 10
) -> dict[str, GateSample]:
    """Sample gates side by side, each with so many requests a second.

    Raises:
        RuntimeError: a gate was not sampled.
    """
    seconds = 100.0
    window = Window(round(per_second * seconds / HEADROOM), seconds)
    environment = Environment(
        name="benchmark",
        description="a server of a benchmark",
        urls=Urls(api=url),
        limits=Limits(windows=(window,), connections=connections, headroom=HEADROOM),
        deadlines=Deadlines(probe_ms=10_000, round_ms=15_000),
        response_time=tuple(rules),
        secret_hosts=frozenset({"127.0.0.1"}),
    )
    gates = [Gate(rule.name) for rule in rules]
    found = Round(environment, judging=judging())
    found.start(gates)
    try:
        samples = {gate.target: found.result(gate) for gate in gates}
    finally:
        found.stop()
    series = {name: one for name, one in samples.items() if isinstance(one, GateSample)}
    if len(series) != len(samples) or any(one.rule is None for one in series.values()):
        raise RuntimeError("; ".join({one.detail for one in samples.values() if one.detail}))
    return series


def held(timed: Timed) -> float | None:
    """For how long the server says that it held a request, seconds."""
    said = timed.sample.header("held") if timed.sample else None
    return float(said) if said else None
