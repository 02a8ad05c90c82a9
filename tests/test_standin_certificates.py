"""Certificates of the stand-in, good and bad, as a client sees them."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from raw_connection import tls_connect
from standin_fault import HEALTH
from standin_process import running_standin


def test_certificates_are_good_for_90_days() -> None:
    with running_standin("--tls") as ready:
        context = ssl.create_default_context(cafile=ready["ca_file"])
        for side in ("api", "web"):
            with tls_connect(ready[side], context) as connection:
                assert days_left(connection) == 89
        root = x509.load_pem_x509_certificate(Path(ready["ca_file"]).read_bytes())
        assert root.not_valid_after_utc < datetime.now(UTC) + timedelta(days=91)
        verified = httpx.get(ready["web"] + HEALTH, verify=context, trust_env=False)
        assert verified.json()["data"]["status"] == "ok"


@pytest.mark.parametrize(
    ("fault", "verify_code"),
    [
        ("tls-expired", 10),
        ("tls-self-signed", 18),
        ("tls-missing-intermediate", 20),
        ("tls-wrong-host", 64),  # 62 for a host that has a name
    ],
)
def test_a_bad_certificate_is_refused(fault: str, verify_code: int) -> None:
    with running_standin("--tls", "--fault", fault) as ready:
        context = ssl.create_default_context(cafile=ready["ca_file"])
        for side in ("api", "web"):
            with pytest.raises(ssl.SSLCertVerificationError) as refused:
                tls_connect(ready[side], context)
            assert refused.value.verify_code == verify_code


def test_tls_soon() -> None:
    with running_standin("--tls", "--fault", "tls-soon=3") as ready:
        context = ssl.create_default_context(cafile=ready["ca_file"])
        with tls_connect(ready["api"], context) as connection:
            assert days_left(connection) == 2


@pytest.mark.skipif(not ssl.HAS_TLSv1_1, reason="this OpenSSL has no TLS 1.1")
def test_tls_old() -> None:
    with running_standin("--tls", "--fault", "tls-old") as ready:
        context = ssl.create_default_context(cafile=ready["ca_file"])
        with pytest.raises(ssl.SSLError):
            tls_connect(ready["api"], context)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            context.minimum_version = ssl.TLSVersion.TLSv1_1
        with tls_connect(ready["api"], context) as connection:
            assert connection.version() == "TLSv1.1"


def days_left(connection: ssl.SSLSocket) -> int:
    der = connection.getpeercert(binary_form=True)
    assert der is not None
    return (x509.load_der_x509_certificate(der).not_valid_after_utc - datetime.now(UTC)).days
