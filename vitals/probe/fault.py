"""From what an HTTP client or a socket raised to the kind of a sample and a sentence."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from typing import TYPE_CHECKING

from vitals.probe.client import httpx
from vitals.probe.sample import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
_END_OF_STREAM = ("peer closed connection", "server disconnected")
_ENDLESS_HEAD = "Receive buffer too long"  # h11, which stops at 100 kB
_HTTP2_END = re.compile(r"<(StreamReset|ConnectionTerminated) .*?error_code:(?:ErrorCodes\.)?(\w+)")
_WORDS_AT_MOST = 200

_TLS_WORDS = {
    "WRONG_VERSION_NUMBER": "no TLS is spoken there",
    "HTTP_REQUEST": "no TLS is spoken there",
    "UNSUPPORTED_PROTOCOL": "only TLS older than 1.2 is spoken there",
    "TLSV1_ALERT_PROTOCOL_VERSION": "only TLS older than 1.2 is spoken there",
    "LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED": "only TLS older than 1.2 or SHA-1 is spoken there",
    "TLSV1_UNRECOGNIZED_NAME": "the server has no certificate for this name",
}


_NO_TLS_FAULT = (ssl.SSLEOFError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
"""What the TLS library raises when the connection beneath it ended or has to be waited for."""


def printable(text: str, at_most: int = _WORDS_AT_MOST) -> str:
    """Text of the target for a sentence of ours: one line, no control characters, bounded."""
    line = "".join(letter if letter.isprintable() else " " for letter in text[: at_most + 1])
    return line if len(line) <= at_most else line[: at_most - 1] + "…"


def classify(fault: BaseException, so_far: Callable[[], str]) -> tuple[Kind, str]:
    """The kind of a failed request, and what happened in one sentence.

    Args:
        fault: what was raised; its causes decide, because clients wrap nearly everything alike.
        so_far: tells what had come by then.
    """
    causes = list(_causes(fault))
    for rule in (
        _certificate,
        _address,
        _connection,
        _tls,
        _reset,
        _taken_down,
        _closed,
        _protocol,
    ):
        for cause in causes:
            if found := rule(cause, so_far):
                return found
    if isinstance(fault, httpx.ConnectError) and any(isinstance(c, EOFError) for c in causes):
        return Kind.RESET, f"the connection was closed: {so_far()}"
    return Kind.PROBER, printable(f"{type(fault).__name__}: {fault}")


def _causes(fault: BaseException) -> Iterator[BaseException]:
    todo: list[BaseException | None] = [fault]
    seen = set()
    while todo:
        one = todo.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        todo += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            todo += one.exceptions


def _certificate(cause: BaseException, _so_far: Callable[[], str]) -> tuple[Kind, str] | None:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Kind.TLS, f"the certificate is refused: {printable(cause.verify_message)}"
    return None


def _address(cause: BaseException, _so_far: Callable[[], str]) -> tuple[Kind, str] | None:
    if isinstance(cause, socket.gaierror):
        return Kind.DNS, f"host name not found: {printable(str(cause.strerror or cause))}"
    return None


def _connection(cause: BaseException, so_far: Callable[[], str]) -> tuple[Kind, str] | None:
    if isinstance(cause, ConnectionRefusedError):
        return Kind.REFUSED, "connection refused"
    if isinstance(cause, httpx.ProxyError):
        return Kind.UNREACHABLE, f"the proxy answers {printable(str(cause))}"
    if isinstance(cause, OSError) and cause.errno in _UNREACHABLE:
        return Kind.UNREACHABLE, str(cause.strerror).lower()
    if isinstance(cause, OSError) and cause.errno == errno.ETIMEDOUT:
        return Kind.TIMEOUT, f"the system gave up: {so_far()}"
    return None


def _tls(cause: BaseException, _so_far: Callable[[], str]) -> tuple[Kind, str] | None:
    if isinstance(cause, ssl.SSLError) and not isinstance(cause, _NO_TLS_FAULT):
        reason = cause.reason or _reason_in(str(cause))
        return Kind.TLS, _TLS_WORDS.get(reason, printable(reason.replace("_", " ").lower()))
    return None


def _reason_in(text: str) -> str:
    """The reason in the words of an error whose code this version of Python has no name for."""
    words = text.partition("[SSL] ")[2].partition(" (")[0]
    return words.replace(" ", "_").upper() or "HANDSHAKE_FAILED"


def _reset(cause: BaseException, so_far: Callable[[], str]) -> tuple[Kind, str] | None:
    if isinstance(cause, ConnectionError):  # asyncio raises it without a number
        return Kind.RESET, f"the connection was reset: {so_far()}"
    return None


def _taken_down(cause: BaseException, so_far: Callable[[], str]) -> tuple[Kind, str] | None:
    if found := _HTTP2_END.match(str(cause)):
        is_stream = found[1] == "StreamReset"
        words = f"the server took the HTTP/2 {'stream' if is_stream else 'connection'} down"
        kind = Kind.PROTOCOL if is_stream else Kind.RESET
        return kind, f"{words} with error {found[2]}: {so_far()}"
    return None


def _closed(cause: BaseException, so_far: Callable[[], str]) -> tuple[Kind, str] | None:
    is_end = isinstance(cause, httpx.RemoteProtocolError) and str(cause).lower().startswith(
        _END_OF_STREAM
    )
    if is_end or isinstance(cause, ssl.SSLEOFError | httpx.ReadError | httpx.WriteError):
        return Kind.RESET, f"the connection was closed: {so_far()}"
    return None


def _protocol(cause: BaseException, _so_far: Callable[[], str]) -> tuple[Kind, str] | None:
    if isinstance(cause, httpx.RemoteProtocolError):
        words = "its head does not end" if str(cause) == _ENDLESS_HEAD else str(cause)
        return Kind.PROTOCOL, f"no valid HTTP: {printable(words)}"
    return None
