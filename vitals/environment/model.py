"""An environment: all tables of its file, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from vitals.environment import addresses, readers
from vitals.environment.headers import read_headers
from vitals.environment.readers import Reader
from vitals.environment.secret import Secret
from vitals.environment.tables import (
    STRICT,
    TARGETS,
    Control,
    Deadlines,
    Expect,
    Hosts,
    Identities,
    Identity,
    KnownGap,
    Limits,
    Network,
    Publish,
    ResponseTime,
    Rollback,
    Schedule,
    Smoke,
    Standin,
    Urls,
)

_Headers = Annotated[Mapping[str, Secret | str], Reader(read_headers, with_variables=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentFile:
    """All tables and keys of an environment file."""

    __pydantic_config__: ClassVar = STRICT
    name: Annotated[
        str,
        Reader(
            readers.text(
                "a name of letters, digits, - and _",
                form=r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}",
                example='"staging"',
            )
        ),
    ]
    description: Annotated[str, Reader(readers.text("one line for the list of environments"))]
    timezone: Annotated[str, Reader(readers.read_timezone)] = "Asia/Tashkent"
    report_lang: Annotated[Literal["en", "ru"], Reader(readers.one_of("en", "ru"))] = "ru"
    urls: Urls = field(default_factory=Urls)
    hosts: Hosts = field(default_factory=Hosts)
    network: Network = field(default_factory=Network)
    control: Control = field(default_factory=Control)
    expect: Expect = field(default_factory=Expect)
    limits: Limits = field(default_factory=Limits)
    deadlines: Deadlines = field(default_factory=Deadlines)
    headers: _Headers = field(default_factory=dict)
    response_time: tuple[ResponseTime, ...] = ()
    known_gap: tuple[KnownGap, ...] = ()
    smoke: Smoke = field(default_factory=Smoke)
    identities: Mapping[Identities, Identity] = field(default_factory=dict)
    rollback: Rollback = field(default_factory=Rollback)
    publish: Publish = field(default_factory=Publish)
    schedule: Schedule = field(default_factory=Schedule)
    standin: Standin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment(EnvironmentFile):
    """What one run looks at: the file, changed by the overrides of its command line.

    Args:
        source: the file, as messages name it.
        overrides: what the command line changed, as KEY=VALUE.
        secret_hosts: the hosts of the file's `[urls]`, to which alone secrets may go.
    """

    source: str = ""
    overrides: tuple[str, ...] = ()
    secret_hosts: frozenset[str] = frozenset()

    @property
    def is_overridden(self) -> bool:
        """Whether the command line changed anything."""
        return bool(self.overrides)

    @property
    def label(self) -> str:
        """The name for lines, records and reports."""
        return f"{self.name} (overridden)" if self.overrides else self.name

    @property
    def named_hosts(self) -> frozenset[str]:
        """The hosts that requests may go to: those of `[urls]` and `[hosts]`."""
        urls = (getattr(self.urls, target) for target in TARGETS)
        hosts = {addresses.host_of(url) for url in urls if url}
        return frozenset(hosts.union(self.hosts.assets, self.hosts.storage))

    @property
    def secret_values(self) -> dict[str, str]:
        """The values of all secrets that are set, by the names of their variables."""
        secrets = (secret for _, secret in self.secrets())
        return {secret.env_name: secret.reveal() for secret in secrets if secret.is_set}

    def secrets(self) -> list[tuple[str, Secret]]:
        """Every secret that the file configures, with its key; set or not."""
        found = [(f"headers.{name}", value) for name, value in self.headers.items()]
        for name, identity in self.identities.items():
            found.append((f"identities.{name}.password", identity.password))
            found.append((f"identities.{name}.bot_token", identity.bot_token))
        found.append(("publish.token", self.publish.token))
        found.append(("schedule.heartbeat_url", self.schedule.heartbeat_url))
        return [(k, s) for k, s in found if isinstance(s, Secret) and s.is_configured]

    def secrets_allowed_for(self, host: str) -> bool:
        """Whether secrets may be sent to a host: only to those of the file's own `[urls]`."""
        return addresses.host_name(host) in self.secret_hosts

    def target_url(self, target: str) -> str | None:
        """The URL of a target (`api`, `web`, `client`, `site`, `socket`), None when it is OFF.

        Raises:
            LookupError: there is no such target.
        """
        if target not in TARGETS:
            raise LookupError(f"no target {target!r} in [urls]")
        return getattr(self.urls, target) or None

    def origin(self, target: str) -> str | None:
        """Scheme, host and port of a target, None when it is OFF.

        Raises:
            LookupError: there is no such target.
        """
        url = self.target_url(target)
        return addresses.origin_of(url) if url else None
