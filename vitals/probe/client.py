"""The HTTP client library, imported without its command line, and how its parts are made."""

from __future__ import annotations

import functools
import ssl
from pathlib import Path

from vitals.probe.imports import hidden

# httpx tries to import its command line and is content without it; with click and rich
# installed that would cost 53 ms of every start.
with hidden("httpx._main"):
    import httpx

__all__ = ["httpx", "make_ssl_context", "make_transport", "shared_ssl_context"]

KEEP_ALIVE = 2.0
"""Seconds for which an idle connection is kept: below the 5 s of Node and uvicorn, which would
else close it in the moment in which the next request is written."""


def make_ssl_context(ca_file: str | None) -> ssl.SSLContext:
    """A context that verifies against the system's certificates and those of `ca_file`.

    Where the system has none (a slim container), those that come with the HTTP client are used.

    Raises:
        OSError: `ca_file` cannot be read or holds no certificate.
    """
    context = ssl.create_default_context()
    folder: str | None = ssl.get_default_verify_paths().capath
    has_folder = folder is not None and any(Path(folder).iterdir())
    if not context.cert_store_stats()["x509_ca"] and not has_folder:
        import certifi  # noqa: PLC0415 - only where the system has no certificates

        context.load_verify_locations(certifi.where())
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


def shared_ssl_context(ca_file: str | None) -> ssl.SSLContext:
    """`make_ssl_context`, once for each state of the file: reading the system's costs 60 ms.

    Whoever takes it must not change it.

    Raises:
        OSError: as there.
    """
    return _known_context(ca_file, Path(ca_file).stat().st_mtime_ns if ca_file else 0)


@functools.cache
def _known_context(ca_file: str | None, changed: int) -> ssl.SSLContext:
    del changed
    return make_ssl_context(ca_file)


def make_transport(
    context: ssl.SSLContext, *, http2: bool, proxy: str | None
) -> httpx.AsyncHTTPTransport:
    """One pool of connections.

    A transport, not a client: it has no cookie jar, follows no redirect, adds no header and
    reads no environment variable, so none of it can go to the wrong host; and a request costs
    a fifth less processor time.
    """
    return httpx.AsyncHTTPTransport(
        verify=context,
        trust_env=False,
        http2=http2,
        proxy=proxy or None,
        limits=httpx.Limits(keepalive_expiry=KEEP_ALIVE),
    )
