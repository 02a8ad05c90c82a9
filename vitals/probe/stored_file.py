"""A file of the product's storage, read back from the address that the product named."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vitals.probe import destination
from vitals.probe.client import httpx, shared_ssl_context
from vitals.probe.fault import classify, printable

if TYPE_CHECKING:
    from vitals.environment import Environment

_OK = 200
_MOST = 20_000_000


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What the storage gave: `content` is None when it was no file; `words` say why.

    `status` is 0 when there was no answer.
    """

    status: int
    content: bytes | None = field(repr=False)
    words: str = ""


def read_stored_file(environment: Environment, url: str, seconds: float) -> StoredFile:
    """GET a file, without secrets or redirects, on hosts of the environment file alone.

    Args:
        environment: names the hosts.
        url: as the product gave it.
        seconds: for which each part of the answer is awaited.
    """
    api = environment.target_url("api") or ""
    place = destination.absolute(api, url)
    if place is None:
        return StoredFile(0, None, f"an address that is none: {printable(url)}")
    if reason := destination.refusal(place, source=api, environment=environment):
        return StoredFile(0, None, f"an address that is not asked: {reason}")
    host = destination.host_of(place)
    with contextlib.suppress(OSError):
        addresses = [str(found[4][0]) for found in socket.getaddrinfo(host, None)]
        if reason := destination.address_refusal(host, addresses, environment):
            return StoredFile(0, None, f"an address that is not asked: {reason}")
    transport = httpx.HTTPTransport(
        verify=shared_ssl_context(environment.network.ca_file),
        trust_env=False,
        proxy=environment.network.proxy or None,
    )
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
    request = httpx.Request("GET", place, extensions={"timeout": timeouts})
    try:
        with contextlib.closing(transport):
            response = transport.handle_request(request)
            with contextlib.closing(response):
                if response.status_code != _OK:
                    words = f"{response.status_code} from the storage"
                    return StoredFile(response.status_code, None, words)
                content = bytearray()
                for chunk in response.iter_bytes():
                    content += chunk
                    if len(content) > _MOST:
                        return StoredFile(_OK, None, f"more than {_MOST} bytes")
                return StoredFile(_OK, bytes(content))
    except Exception as fault:  # noqa: BLE001 - whatever a client raises is no answer
        _, words = classify(fault, lambda: "no answer")
        return StoredFile(0, None, f"{words} from the storage")
