"""Do the answers carry the headers that protect users and pace clients?"""

from vitals import Environment, Get, Sample, check, expect, require

HEALTH = Get("api", "/api/v1/health")


@check(
    "API security headers", severity="warning", incident="P4", runbook="deploy#4",
    stands_on="API Health",
    health=HEALTH,
)  # fmt: skip
def test_api_sends_security_headers(health: Sample) -> None:
    """What the API sends in production (facts, 1.4)."""
    expect(health).envelope()
    _protects(health)
    expect(health).header("content-security-policy", bool, "a content-security-policy")


@check(
    "Web security headers", severity="warning", incident="P4", runbook="deploy#4",
    stands_on="Frontend",
    login=Get("web", "/auth"),
)  # fmt: skip
def test_web_sends_security_headers(login: Sample) -> None:
    """What the admin web sends (facts, 1.4)."""
    expect(login).status(200)
    _protects(login)
    expect(login).header("content-security-policy", bool, "a content-security-policy")


@check(
    "Rate limits told", severity="warning", incident="P4", runbook="deploy#4",
    stands_on="API Health",
    health=HEALTH,
)  # fmt: skip
def test_api_tells_its_rate_limits(health: Sample, environment: Environment) -> str:
    """The prober paces itself by these headers; the file must not promise more (facts, 1.6)."""
    expect(health).envelope()
    told = []
    for name, window in zip(("short", "medium", "long"), environment.limits.windows, strict=False):
        header = f"x-ratelimit-limit-{name}"
        expect(health).header(header, str.isdecimal, f"{header} with a number")
        limit = int(health.header(header) or 0)
        told.append(f"{limit}/{window.seconds:g}s")
        require(
            limit >= window.count,
            expected=f"{window.count} requests in {window.seconds:g} s, as limits.windows says",
            observed=f"{limit}",
            sentence=f"the API allows {limit} requests in {window.seconds:g} s,"
            f" limits.windows of the environment file says {window.count}",
            of=health,
        )
    return f"OK ({', '.join(told)})"


def _protects(sample: Sample) -> None:
    nosniff = "nosniff"
    expect(sample).header(
        "x-content-type-options",
        lambda value: {part.strip().lower() for part in value.split(",")} == {nosniff},
        f"x-content-type-options: {nosniff}",
    )
    expect(sample).header(
        "x-frame-options",
        lambda value: {part.strip().upper() for part in value.split(",")} <= {"DENY", "SAMEORIGIN"},
        "x-frame-options: DENY or SAMEORIGIN",
    )
    if sample.url.startswith("https:"):
        expect(sample).header(
            "strict-transport-security",
            lambda value: "max-age=" in value and "max-age=0" not in value,
            "strict-transport-security with a max-age",
        )
