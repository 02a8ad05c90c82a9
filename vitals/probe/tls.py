"""A verified TLS handshake, and what is wrong with the certificate when it fails."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vitals.probe.destination import place_of
from vitals.probe.fault import classify, printable
from vitals.probe.sample import Kind, Phases, TlsSample
from vitals.probe.timeline import seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography import x509

    from vitals.probe.prober import Prober
    from vitals.probe.spec import Tls

_NAMES_AT_MOST = 50
_HANDSHAKE = "no TLS handshake"

# X509_V_ERR_* of OpenSSL's x509_vfy.h
_NOT_YET_VALID = 9
_EXPIRED = 10
_SELF_SIGNED = 18
_SELF_SIGNED_IN_CHAIN = 19
_UNKNOWN_ISSUER = {2, 20, 21}
_OTHER_NAME = {62, 64}


class _ProxyRefusedError(Exception):
    """The proxy does not open a tunnel; says what it answered."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says: its host names and addresses, issuer, validity in UTC."""

    names: tuple[str, ...] = ()
    issuer: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None


@dataclass(slots=True)
class _Course:
    """How far the probe has come; becomes the sample."""

    step: str = "no connection"
    began: float = field(default_factory=time.monotonic)
    connect: float | None = None
    tls: float | None = None
    protocol: str = ""
    problem: str | None = None
    verify_code: int | None = None
    certificate: Certificate = Certificate()

    def so_far(self) -> str:
        before = "" if self.connect is None else f"connected in {seconds(self.connect)}, then "
        return f"{before}{self.step} for {seconds(time.monotonic() - self.began)}"


async def send(prober: Prober, spec: Tls) -> TlsSample:
    """Shake hands with a target's host; a second time without verification if that fails."""
    place = place_of(prober.environment.target_url(spec.target) or "")
    at = prober.clock.now()
    course = _Course()
    limit = prober.limit()
    kind, detail = Kind.ANSWERED, ""
    try:
        async with prober.slot(place):
            at = prober.clock.now()
            course.began = time.monotonic()
            limit = prober.limit()
            async with asyncio.timeout_at(limit.when):
                await _examine(prober, place, course)
    except TimeoutError:
        kind, detail = limit.kind, limit.words(course.so_far())
    except _ProxyRefusedError as fault:
        kind, detail = Kind.UNREACHABLE, f"the proxy answers {fault}"
    except Exception as fault:  # noqa: BLE001 - whatever a handshake raises is a kind of sample
        kind, detail = classify(fault, course.so_far)
    return TlsSample(
        probe=spec,
        kind=kind,
        started_at=prober.clock.utc(at),
        at=at,
        duration=prober.clock.now() - at,
        detail=detail,
        phases=Phases(connect=course.connect, tls=course.tls),
        host=place[0],
        port=place[1],
        protocol=course.protocol,
        problem=course.problem,
        verify_code=course.verify_code,
        names=course.certificate.names,
        issuer=course.certificate.issuer,
        not_before=course.certificate.not_before,
        not_after=course.certificate.not_after,
    )


async def _examine(prober: Prober, place: tuple[str, int], course: _Course) -> None:
    try:
        session = await _shake_hands(prober, place, prober.bare_ssl_context, course)
        course.certificate = _verified(session.getpeercert() or {})
    except ssl.SSLCertVerificationError as fault:
        session = await _shake_hands(prober, place, _trusting(), course)
        course.certificate = _parsed(session.getpeercert(binary_form=True) or b"")
        course.verify_code = fault.verify_code
        course.problem = _problem(fault, course.certificate, prober)
    except (ssl.SSLError, ConnectionError) as fault:
        if course.step != _HANDSHAKE:
            raise
        try:
            session = await _shake_hands(prober, place, _old(), course)
        except (ssl.SSLError, ConnectionError):
            raise fault from None
        course.certificate = _parsed(session.getpeercert(binary_form=True) or b"")
        course.problem = f"nothing newer than {session.version()} is spoken, TLS 1.2 is the least"
    course.protocol = session.version() or ""


async def _shake_hands(
    prober: Prober, place: tuple[str, int], context: ssl.SSLContext, course: _Course
) -> ssl.SSLObject:
    began = time.monotonic()
    course.step = "no connection"
    _, writer = await _open(prober, place)
    try:
        opened = time.monotonic()
        if course.connect is None:
            course.connect = opened - began
        course.step, course.began = _HANDSHAKE, opened
        await writer.start_tls(context, server_hostname=place[0])
        if course.tls is None:
            course.tls = time.monotonic() - opened
        session: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return session
    finally:
        writer.transport.abort()


async def _open(
    prober: Prober, place: tuple[str, int]
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    proxy = prober.environment.network.proxy
    if not proxy:
        return await asyncio.open_connection(*place, happy_eyeballs_delay=0.25)
    reader, writer = await asyncio.open_connection(*place_of(proxy))
    try:
        shown = f"[{place[0]}]:{place[1]}" if ":" in place[0] else f"{place[0]}:{place[1]}"
        writer.write(f"CONNECT {shown} HTTP/1.1\r\nhost: {shown}\r\n\r\n".encode("ascii"))
        answer = await reader.readuntil(b"\r\n\r\n")
    except BaseException:
        writer.transport.abort()
        raise
    status = answer.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")[2]
    if not status.startswith("2"):
        writer.transport.abort()
        raise _ProxyRefusedError(printable(status))
    return reader, writer


def _trusting() -> ssl.SSLContext:
    """Verifies nothing, to read the certificate that was refused; no request follows on it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _old() -> ssl.SSLContext:
    context = _trusting()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def _problem(fault: ssl.SSLCertVerificationError, certificate: Certificate, prober: Prober) -> str:
    now = prober.clock.utc(prober.clock.now())
    code = fault.verify_code
    if code == _EXPIRED and certificate.not_after:
        ago = _days((now - certificate.not_after).total_seconds())
        return f"expired {ago} ago on {certificate.not_after:%Y-%m-%d %H:%M} UTC"
    if code == _NOT_YET_VALID and certificate.not_before:
        return f"not valid before {certificate.not_before:%Y-%m-%d %H:%M} UTC"
    if code in _OTHER_NAME:
        return f"for another host: {', '.join(certificate.names[:5]) or 'it names none'}"
    if code == _SELF_SIGNED:
        return "self-signed"
    if code == _SELF_SIGNED_IN_CHAIN:
        return f"from an issuer that is not trusted: {certificate.issuer}"
    if code in _UNKNOWN_ISSUER:
        return f"unknown issuer or missing intermediate certificate: {certificate.issuer}"
    return printable(fault.verify_message)


def _days(duration: float) -> str:
    days = int(duration // 86_400)
    if days:
        return f"{days} day{'s' if days > 1 else ''}"
    return f"{int(duration // 3600)} h" if duration >= 3600 else "less than an hour"  # noqa: PLR2004 - one hour


def _verified(found: Mapping[str, object]) -> Certificate:
    """A certificate as the ssl module shows it once it was verified."""
    alternatives: object = found.get("subjectAltName", ())
    issuer: object = found.get("issuer", ())
    names = alternatives if isinstance(alternatives, tuple) else ()
    parts = {part[0][0]: part[0][1] for part in issuer} if isinstance(issuer, tuple) else {}
    return Certificate(
        names=tuple(printable(str(value)) for _, value in names[:_NAMES_AT_MOST]),
        issuer=_issuer(parts.get("organizationName"), parts.get("commonName")),
        not_before=_moment(found.get("notBefore")),
        not_after=_moment(found.get("notAfter")),
    )


def _parsed(der: bytes) -> Certificate:
    """A certificate that was not verified; empty when it cannot be read."""
    from cryptography import x509  # noqa: PLC0415 - only for a certificate that was refused
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 - same

    try:
        found = x509.load_der_x509_certificate(der)
        issuer = found.issuer
        organization = issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        common = issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
        return Certificate(
            names=_names(found),
            issuer=_issuer(
                str(organization[0].value) if organization else None,
                str(common[0].value) if common else None,
            ),
            not_before=found.not_valid_before_utc,
            not_after=found.not_valid_after_utc,
        )
    except ValueError:
        return Certificate()


def _names(found: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509  # noqa: PLC0415 - same

    try:
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    values = [str(name.value) for name in extension.value]
    return tuple(printable(value) for value in values[:_NAMES_AT_MOST])


def _issuer(organization: str | None, common: str | None) -> str:
    return printable(" ".join(dict.fromkeys(part for part in (organization, common) if part)))


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)
