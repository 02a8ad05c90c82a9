"""Do the host names lead anywhere?"""

from vitals import EACH, Dns, DnsSample, check, expect, require


@check(
    "DNS {target}", severity="critical", incident="P2", runbook="deploy#4",
    each=("api", "web", "client", "site", "socket"),
    dns=Dns(EACH),
)  # fmt: skip
def test_host_name_is_known(dns: DnsSample) -> str:
    """The resolver gives at least one address."""
    expect(dns, is_foundation=True).answered(f"an address of {dns.host}")
    require(bool(dns.addresses), expected=f"an address of {dns.host}", observed="none", of=dns)
    more = f" and {len(dns.addresses) - 1} more" if len(dns.addresses) > 1 else ""
    return f"OK ({dns.addresses[0]}{more})"
