"""Certificates for `--tls`: an authority, its intermediate, a leaf, and the TLS faults."""

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from standin.faults import Faults

HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "localhost")
WRONG_HOST = "elsewhere.vendhub.invalid"
VALID_DAYS = 90


def server_context(faults: Faults, folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make fresh certificates in `folder`; return the server's context and the CA file.

    The authority, the intermediate and the leaf are valid for 90 days, unless a fault says
    otherwise about the leaf. The CA file holds the root only.

    Raises:
        ssl.SSLError: for `tls-old` where the OpenSSL at hand has no TLS 1.1 at all.
    """
    now = datetime.now(UTC)
    until = now + timedelta(days=VALID_DAYS)
    root = trustme.CA(organization_unit_name="VendHub stand-in root")
    intermediate = root.create_child_ca()
    hosts = (WRONG_HOST,) if faults.on("tls-wrong-host") else HOSTS
    leaf = intermediate.issue_cert(
        *hosts,
        common_name=hosts[0],
        not_before=now - timedelta(days=VALID_DAYS),
        not_after=_leaf_until(faults, now),
    )
    leaf_pem = leaf.cert_chain_pems[0].bytes()
    root_key = _key(root.private_key_pem)
    if faults.on("tls-self-signed"):
        chain = [_self_signed(leaf_pem, _key(leaf.private_key_pem))]
    elif faults.on("tls-missing-intermediate"):
        chain = [leaf_pem]
    else:
        chain = [leaf_pem, _expiring(intermediate.cert_pem.bytes(), until, root_key)]

    ca_file, chain_file, key_file = (folder / name for name in ("ca.pem", "chain.pem", "key.pem"))
    ca_file.write_bytes(_expiring(root.cert_pem.bytes(), until, root_key))
    chain_file.write_bytes(b"".join(chain))
    leaf.private_key_pem.write_to_path(key_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain_file, key_file)
    context.set_alpn_protocols(["http/1.1"])
    if faults.on("tls-old"):
        _speak_only_tls_1_1(context)
    return context, ca_file


def _leaf_until(faults: Faults, now: datetime) -> datetime:
    if faults.on("tls-expired"):
        return now - timedelta(days=1)
    if faults.on("tls-soon"):
        return now + timedelta(days=float(faults.value("tls-soon")))
    return now + timedelta(days=VALID_DAYS)


def _key(pem: trustme.Blob) -> EllipticCurvePrivateKey:
    key = load_pem_private_key(pem.bytes(), password=None)
    assert isinstance(key, EllipticCurvePrivateKey)  # noqa: S101 - trustme's default key type
    return key


def _expiring(pem: bytes, until: datetime, issuer_key: EllipticCurvePrivateKey) -> bytes:
    """Return the same certificate ending at `until`: trustme's authorities last to the year 3000.

    A client that reads the whole chain would otherwise report on a date no product has.
    """
    certificate = x509.load_pem_x509_certificate(pem)
    return _signed(certificate, certificate.issuer, until, issuer_key)


def _self_signed(pem: bytes, own_key: EllipticCurvePrivateKey) -> bytes:
    certificate = x509.load_pem_x509_certificate(pem)
    until = certificate.not_valid_after_utc
    return _signed(certificate, certificate.subject, until, own_key)


def _signed(
    certificate: x509.Certificate,
    issuer: x509.Name,
    until: datetime,
    key: EllipticCurvePrivateKey,
) -> bytes:
    builder = x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=certificate.subject,
        public_key=certificate.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=until - timedelta(days=2 * VALID_DAYS),
        not_valid_after=until,
    )
    for extension in certificate.extensions:
        if issuer == certificate.issuer or not isinstance(
            extension.value, x509.AuthorityKeyIdentifier
        ):
            builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _speak_only_tls_1_1(context: ssl.SSLContext) -> None:
    if not ssl.HAS_TLSv1_1:
        raise ssl.SSLError("this OpenSSL has no TLS 1.1, so the fault tls-old cannot be shown")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # being old is the point
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
