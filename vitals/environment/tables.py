"""The tables of an environment file: one frozen class for each.

Attribute paths are the keys of the file: `[deadlines] probe_ms` is `env.deadlines.probe_ms`. A text
that is "" and a secret whose variable is not set mean OFF.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - pydantic reads the annotations
from dataclasses import dataclass, field
from datetime import date  # noqa: TC003 - pydantic reads the annotations
from typing import Annotated, ClassVar, Literal

from vitals.environment import addresses, readers
from vitals.environment.readers import Reader, Route, Window
from vitals.environment.secret import Secret, read_secret

Identities = Literal["manager", "operator", "owner"]
IDENTITIES: tuple[Identities, ...] = ("manager", "operator", "owner")
StepName = Literal[
    "login", "dashboard", "create_task", "upload_photo", "complete_task", "real_time"
]
STEPS: tuple[StepName, ...] = (
    "login",
    "dashboard",
    "create_task",
    "upload_photo",
    "complete_task",
    "real_time",
)
"""The steps of the smoke path, in its order."""

_Url = Annotated[str, Reader(addresses.read_url)]
_Host = Annotated[str, Reader(addresses.read_host)]
_Bool = Annotated[bool, Reader(readers.truth)]
_Text = Annotated[str, Reader(readers.text())]
_OptionalText = Annotated[str, Reader(readers.optional(readers.text()))]
_Secret = Annotated[Secret, Reader(read_secret, with_variables=True)]
_Span = Annotated[float, Reader(readers.read_span)]
_Ms = Annotated[int, Reader(readers.whole("milliseconds", example=10_000))]
_Count = Annotated[int, Reader(readers.whole(example=10))]
_Quantile = Annotated[float, Reader(readers.share(example=0.95))]
_Alpha = Annotated[float, Reader(readers.share(example=0.05))]

NO_SECRET = Secret()
STRICT = {"extra": "forbid"}
"""Makes pydantic refuse unknown keys."""

TARGETS = ("api", "web", "client", "site", "socket")
"""The keys of `[urls]`."""


@dataclass(frozen=True, slots=True)
class Urls:
    """`[urls]`: where the product is; what is "" is OFF. No URL ends with a slash."""

    __pydantic_config__: ClassVar = STRICT
    api: _Url = ""
    web: _Url = ""
    client: _Url = ""
    site: _Url = ""
    socket: _Url = ""


@dataclass(frozen=True, slots=True)
class Hosts:
    """`[hosts]`: further hosts that answers of the product may point to."""

    __pydantic_config__: ClassVar = STRICT
    assets: tuple[_Host, ...] = ()
    storage: tuple[_Host, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """`[network]`: how this machine reaches the product; `ca_file` is an absolute path."""

    __pydantic_config__: ClassVar = STRICT
    proxy: _Url = ""
    resolver: Annotated[str, Reader(addresses.read_resolver)] = ""
    ca_file: _OptionalText = ""


@dataclass(frozen=True, slots=True)
class Control:
    """`[control]`: pages of others that answer when this machine's network works."""

    __pydantic_config__: ClassVar = STRICT
    urls: tuple[_Url, ...] = ()


@dataclass(frozen=True, slots=True)
class Expect:
    """`[expect]`: components that must be up, days that a certificate must still last."""

    __pydantic_config__: ClassVar = STRICT
    ready: tuple[_Text, ...] = ("database", "redis")
    detailed: tuple[_Text, ...] = ("database", "redis", "storage", "telegram")
    tls_days: Annotated[int, Reader(readers.whole("days", least=0, most=3650, example=14))] = 14


@dataclass(frozen=True, slots=True)
class Limits:
    """`[limits]`: the product's rate limits per route, and the share of them that a run uses.

    `connections` is the most requests in flight per host.
    """

    __pydantic_config__: ClassVar = STRICT
    windows: tuple[Annotated[Window, Reader(readers.read_window)], ...] = (
        Window(10, 1.0),
        Window(50, 10.0),
        Window(100, 60.0),
    )
    connections: Annotated[int, Reader(readers.whole(most=1000, example=10))] = 10
    headroom: Annotated[float, Reader(readers.share(one=True, example=0.8))] = 0.8


@dataclass(frozen=True, slots=True)
class Deadlines:
    """`[deadlines]`: when a probe and a round of probes end, and the largest body in bytes."""

    __pydantic_config__: ClassVar = STRICT
    probe_ms: _Ms = 10_000
    round_ms: _Ms = 15_000
    body_bytes: Annotated[int, Reader(readers.whole("bytes", example=2_000_000))] = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseTime:
    """`[[response_time]]`: one latency gate.

    The first route gets at least half of the samples; the others share the rest. They are asked
    as `identity`, without a login where that is "".
    """

    __pydantic_config__: ClassVar = STRICT
    name: _Text
    routes: tuple[Annotated[Route, Reader(readers.read_route)], ...]
    limit_ms: Annotated[float, Reader(readers.positive("milliseconds", example=1000))]
    quantile: _Quantile = 0.95
    alpha_pass: _Alpha = 0.05
    alpha_fail: _Alpha = 0.01
    max_samples: Annotated[int, Reader(readers.whole(most=100_000, example=360))] = 360
    max_seconds: Annotated[float, Reader(readers.positive("seconds", example=60))] = 60.0
    measure: Annotated[Literal["total", "server"], Reader(readers.one_of("total", "server"))] = (
        "total"
    )
    severity: Annotated[
        Literal["critical", "warning", "info"],
        Reader(readers.one_of("critical", "warning", "info")),
    ] = "critical"
    identity: Annotated[
        Identities | Literal[""], Reader(readers.optional(readers.one_of(*IDENTITIES)))
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownGap:
    """`[[known_gap]]`: a check or step that may fail in exactly this way until a day (UTC)."""

    __pydantic_config__: ClassVar = STRICT
    check: Annotated[str, Reader(readers.text("the title of a check or step"))]
    symptom: Annotated[
        str,
        Reader(
            readers.text("the outcome kind, status or text that the failure shows", example='"503"')
        ),
    ]
    reason: Annotated[str, Reader(readers.text("one line saying why the gap is there"))]
    until: Annotated[date, Reader(readers.read_date)]


@dataclass(frozen=True, slots=True)
class Step:
    """`[smoke.steps.NAME]`: by which way a step acts, and how long it may take."""

    __pydantic_config__: ClassVar = STRICT
    drive: Annotated[Literal["ui", "api"], Reader(readers.one_of("ui", "api"))] = "ui"
    deadline_ms: _Ms = 15_000


@dataclass(frozen=True, slots=True)
class Smoke:
    """`[smoke]`: whether the smoke path may write, and where; `steps` always holds all steps.

    `language` is that of the pages; `inject` gives a Mini App that loads no script of Telegram's
    what that script would have; a live update may take `real_time_ms`.
    """

    __pydantic_config__: ClassVar = STRICT
    writes: _Bool = False
    organization: _OptionalText = ""
    machine: _OptionalText = ""
    language: Annotated[Literal["ru", "uz", "en"], Reader(readers.one_of("ru", "uz", "en"))] = "ru"
    inject: _Bool = False
    real_time_ms: _Ms = 3_000
    steps: Mapping[StepName, Step] = field(default_factory=dict)

    def __post_init__(self) -> None:
        steps = {name: self.steps.get(name, Step()) for name in STEPS}
        object.__setattr__(self, "steps", steps)


@dataclass(frozen=True, slots=True)
class Identity:
    """`[identities.NAME]`: a person that the suite logs in as; 0 is no Telegram account."""

    __pydantic_config__: ClassVar = STRICT
    email: Annotated[
        str,
        Reader(
            readers.optional(
                readers.text(
                    "an e-mail address", form=r"[^@\s]+@[^@\s]+", example='"manager@example.org"'
                )
            )
        ),
    ] = ""
    password: _Secret = NO_SECRET
    telegram_id: Annotated[int, Reader(readers.whole(least=0, most=2**53, example=123_456_789))] = 0
    bot_token: _Secret = NO_SECRET

    @property
    def has_telegram(self) -> bool:
        """Whether the person can log in by way of Telegram: the secret is set."""
        return bool(self.telegram_id) and self.bot_token.is_set

    @property
    def can_log_in(self) -> bool:
        """Whether the secret of one way in is set."""
        return self.has_telegram or (bool(self.email) and self.password.is_set)

    @property
    def unset(self) -> tuple[str, ...]:
        """The environment variables of the secrets that the file names and that are not set."""
        secrets = (self.bot_token, self.password)
        return tuple(one.env_name for one in secrets if one.is_configured and not one.is_set)


@dataclass(frozen=True, slots=True)
class Rollback:
    """`[rollback]`: the command to show when a release must go back, and what verifies it."""

    __pydantic_config__: ClassVar = STRICT
    command: _OptionalText = ""
    verify: _OptionalText = ""


@dataclass(frozen=True, slots=True)
class Publish:
    """`[publish]`: the repository whose releases get reports, and whether with screenshots."""

    __pydantic_config__: ClassVar = STRICT
    repository: Annotated[
        str,
        Reader(
            readers.optional(
                readers.text(
                    "OWNER/NAME of a repository",
                    form=r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+",
                    example='"vendhub/vendhub-os"',
                )
            )
        ),
    ] = ""
    token: _Secret = NO_SECRET
    screenshots: _Bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """`[schedule]`: scheduled runs; `checks`, `smoke` and `window` in seconds."""

    __pydantic_config__: ClassVar = STRICT
    checks: _Span = 60.0
    smoke: _Span = 900.0
    samples: _Count = 5
    window: _Span = 1800.0
    heartbeat_url: _Secret = NO_SECRET


@dataclass(frozen=True, slots=True)
class Standin:
    """`[standin]`: this environment is the embedded stand-in, which each run starts for itself."""

    __pydantic_config__: ClassVar = STRICT
    profile: Annotated[
        Literal["complete", "vendhub-os"], Reader(readers.one_of("complete", "vendhub-os"))
    ] = "complete"
    faults: tuple[_Text, ...] = ()
    limits: _Bool = True
    tls: _Bool = False
