"""The embedded stand-in: its environment is complete only after it has started."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vitals.environment.addresses import host_name, host_of, read_url
from vitals.environment.secret import Secret
from vitals.environment.tables import IDENTITIES, TARGETS, Hosts, Identity, Urls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vitals.environment.model import Environment


def replace_urls(env: Environment, ready: Mapping[str, Any]) -> Environment:
    """The environment with the addresses and people of a stand-in that has just started.

    Args:
        env: an environment with `[standin]`.
        ready: the JSON line that the stand-in prints when everything listens.

    Raises:
        KeyError: the line lacks the addresses of API or web.
        RefusedError: an address in it is no URL.
    """
    urls = Urls(
        api=read_url(ready["api"]),
        web=read_url(ready["web"]),
        client=read_url(ready.get("client") or ""),
        socket=read_url(ready.get("socket") or ready["api"]),
    )
    storage = (_host(address) for address in ready.get("storage_hosts") or ())
    bot_token = Secret("STANDIN_BOT_TOKEN", ready.get("bot_token"))
    people = ready.get("identities") or {}
    identities = {
        name: _identity(name, people[name], bot_token) for name in IDENTITIES if people.get(name)
    }
    own = (getattr(urls, target) for target in TARGETS)
    return replace(
        env,
        urls=urls,
        hosts=Hosts(assets=env.hosts.assets, storage=tuple(host for host in storage if host)),
        network=replace(env.network, ca_file=ready.get("ca_file") or ""),
        smoke=replace(
            env.smoke,
            organization=ready.get("organization") or "",
            machine=ready.get("machine") or "",
        ),
        identities=identities,
        secret_hosts=frozenset(host_of(url) for url in own if url),
    )


def _identity(name: str, person: Mapping[str, Any], bot_token: Secret) -> Identity:
    return Identity(
        email=person.get("email") or "",
        password=Secret(f"STANDIN_{name.upper()}_PASSWORD", person.get("password")),
        telegram_id=person.get("telegram_id") or 0,
        bot_token=bot_token,
    )


def _host(address: str) -> str:
    """The host of a URL, of HOST:PORT or of a host alone."""
    if "://" in address:
        return host_of(read_url(address))
    return host_name(address) or host_name(address.rpartition(":")[0]) or ""
