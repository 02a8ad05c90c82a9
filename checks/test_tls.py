"""Are the certificates valid, and will they be in two weeks?"""

from vitals import EACH, Environment, Tls, TlsSample, check, expect, require

SURFACES = ("api", "web", "client", "site", "socket")
MODERN = {"TLSv1.2", "TLSv1.3"}


@check(
    "TLS {target}", severity="critical", incident="P3", runbook="deploy#4", each=SURFACES,
    stands_on="{foundation}",
    tls=Tls(EACH),
)  # fmt: skip
def test_certificate_is_trusted(tls: TlsSample) -> str:
    """Chain, host name, dates and protocol are what a browser accepts."""
    expect(tls).answered("a TLS handshake")
    expected = f"a certificate for {tls.host} that browsers trust"
    require(tls.problem is None, expected=expected, observed=f"{tls.problem}", of=tls)
    require(tls.not_after is not None, expected=expected, observed="no certificate", of=tls)
    require(tls.protocol in MODERN, expected="TLS 1.2 or 1.3", observed=tls.protocol, of=tls)
    return f"OK ({tls.protocol}, {tls.issuer})"


@check(
    "TLS expiry {target}", severity="warning", incident="P3", runbook="deploy#4", each=SURFACES,
    stands_on="TLS {target}",
    tls=Tls(EACH),
)  # fmt: skip
def test_certificate_lasts(tls: TlsSample, environment: Environment) -> str:
    """There is time to renew the certificate before it ends."""
    expect(tls).answered("a TLS handshake")
    enough = environment.expect.tls_days
    left = tls.days_left
    require(
        left is not None and left >= enough,
        expected=f"{enough} days or more until the certificate ends",
        observed="no date" if left is None else f"{left:.1f} days",
        of=tls,
    )
    return f"OK ({left:.0f} days left)"
