"""Whether a URL that came from the target may be requested, and what may be sent there.

Pure decisions; nothing here opens a connection.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from vitals.probe.client import httpx

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vitals.environment import Environment

MAX_REDIRECTS = 3
_PORTS = {"http": 80, "https": 443}


def absolute(base: str, reference: str) -> str | None:
    """A reference of the target as a full URL; None when it is no URL at all."""
    try:
        return str(httpx.URL(base).join(reference.strip()).copy_with(fragment=None))
    except (httpx.InvalidURL, ValueError):
        return None


def host_of(url: str) -> str:
    """The host of a URL as it is looked up: lower case, ASCII, without brackets."""
    return httpx.URL(url).raw_host.decode("ascii")


def place_of(url: str) -> tuple[str, int]:
    """Host and port of a URL."""
    parts = httpx.URL(url)
    return host_of(url), parts.port or _PORTS.get(parts.scheme, 0)


def is_same_place(one: str, other: str) -> bool:
    """Whether two URLs lead to the same scheme, host and port, so that headers may go along."""
    return place_of(one) == place_of(other) and httpx.URL(one).scheme == httpx.URL(other).scheme


def refusal(url: str, *, source: str, environment: Environment) -> str | None:
    """Why a URL that the target named is not requested, in words; None when it may be.

    Args:
        url: what the target named, as a full URL.
        source: the URL of the answer that named it.
        environment: names the hosts that may be asked.
    """
    parts = httpx.URL(url)
    if parts.scheme not in _PORTS:
        return f"{parts.scheme or 'no'} scheme: only http and https are requested"
    if parts.userinfo:
        return "the URL carries a user name"
    if httpx.URL(source).scheme == "https" and parts.scheme == "http":
        return "it leads from https back to http"
    if host_of(url) not in environment.named_hosts:
        return f"the environment file does not name the host {host_of(url)}"
    return None


def address_refusal(host: str, addresses: Iterable[str], environment: Environment) -> str | None:
    """Why a host of `[hosts]` is not contacted, in words; None when it may be.

    A host of `[urls]` may be anywhere. A further host that answers point to may not lead into
    the prober's own network unless the file names its address literally.
    """
    if host in {host_of(url) for url in target_urls(environment)}:
        return None
    for address in addresses:
        if address != host and not _is_public(address):
            return f"{host} leads to {address}, an address of a private network"
    return None


def target_urls(environment: Environment) -> list[str]:
    """The URLs of `[urls]` that are set."""
    names = ("api", "web", "client", "site", "socket")
    return [url for name in names if (url := environment.target_url(name))]


def takes_added_headers(url: str, environment: Environment) -> bool:
    """Whether the `[headers]` of the file go to this URL: only to its own API and web hosts."""
    own = [environment.target_url("api"), environment.target_url("web")]
    is_own = any(target and is_same_place(target, url) for target in own)
    return is_own and environment.secrets_allowed_for(host_of(url))


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global
