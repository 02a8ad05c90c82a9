"""The shape of `run.json`, version 1: plain values, times RFC 3339 in UTC, durations in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """Which run this is. `status` is INTERRUPTED until the run has ended by itself."""

    id: str
    status: str
    started: str
    ended: str | None
    suite_version: str
    python: str
    platform: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentInfo:
    """Where the run looked: the environment's name and the URLs in use."""

    name: str
    label: str
    description: str
    urls: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What was asked for: the arguments, and how much of what is critical was selected."""

    arguments: list[str]
    critical_declared: int
    critical_selected: int
    critical_unreached: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One running instance of a surface: its version and when its process started (UTC)."""

    surface: str
    version: str
    started: str | None
    seen_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInfo:
    """The place of a request in the series of a gate; see `vitals.probe.series.Timed`.

    `elapsed` and `server` are null where they are infinite: no usable answer.
    """

    index: int
    route: str
    planned: float
    late: float
    lag: float
    use: str
    failed: bool
    elapsed: float | None
    server: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleInfo:
    """One request as it was sent and answered; `is_retried`: an earlier attempt had failed."""

    at: float
    started: str
    kind: str
    duration: float
    detail: str = ""
    phases: dict[str, float] = field(default_factory=dict)
    method: str = ""
    url: str = ""
    status: int | None = None
    http_version: str = ""
    headers: list[list[str]] = field(default_factory=list)
    body_bytes: int = 0
    body: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    is_retried: bool = False
    plan: PlanInfo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeInfo:
    """One declared probe and everything that it brought back."""

    label: str
    samples: list[SampleInfo]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateInfo:
    """One response-time gate: its rule, and what its samples came to.

    `samples` names the probe whose samples decide it, in planned order; gates over the same
    routes share one. `observed`, `upper` and `lower` are seconds, null where they are infinite
    or unknown; `by_route` gives each route's own quantile and its number of samples.
    """

    name: str
    samples: str
    limit: float
    measure: str
    quantile: float
    alpha_pass: float
    alpha_fail: float
    routes: dict[str, float]
    round_trip: float
    decision: str
    n: int
    exceedances: int
    failures: int
    throttled: int
    set_aside: int
    used: int
    failed_route: str | None
    observed: dict[str, float | None]
    upper: float | None
    lower: float | None
    by_route: dict[str, list[float | None]]
    to_decide: int | None
    autocorrelation: float | None
    stretch: list[float] | None
    is_starved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProberInfo:
    """The prober's own state: the proof that it is broken (empty when it is not), its controls."""

    broken: str
    control: list[SampleInfo]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingInfo:
    """What one check came to; see `vitals.verdict.outcome.Result` for the fields."""

    id: str
    title: str
    severity: str
    incident: str
    runbook: str
    outcome: str
    words: str
    expected: str
    observed: str
    blocked_by: str
    probes: list[str]
    repeat: str
    seconds: float
    deadline: float | None
    evidence: list[str]
    artifacts: list[str]
    gap_closed: bool
    gap_expired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftInfo:
    """What the smoke path left on the target: a sentence for each thing.

    `open` should have been removed and was not, `listed` cannot be removed by VendHub, `removed` is
    gone; leftovers of earlier runs that this one swept are among them.
    """

    open: list[str]
    listed: list[str]
    removed: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Requests by what became of them.

    planned = sent + not_sent; sent = answered + failed + unresolved;
    answered + failed = counted + throttled + set_aside + after_verdict.
    """

    planned: int
    sent: int
    not_sent: int
    answered: int
    failed: int
    unresolved: int
    counted: int
    throttled: int
    set_aside: int
    after_verdict: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictInfo:
    """The run's exit code, its incident level, and its closing sentence."""

    exit_code: int
    incident: str | None
    sentence: str
    suite_errors: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """Everything about one run, enough to reach its verdict again."""

    schema: int
    run: RunInfo
    environment: EnvironmentInfo
    overrides: list[str]
    selection: Selection
    builds: list[Build]
    prober: ProberInfo
    probes: list[ProbeInfo]
    gates: list[GateInfo]
    findings: list[FindingInfo]
    left: LeftInfo
    counts: Counts
    verdict: VerdictInfo
