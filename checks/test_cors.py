"""May the web's pages call the API from a browser, and nobody else's?"""

from vitals import Environment, Preflight, Sample, check, expect, require

FOREIGN = "https://vendhub.example"


@check(
    "CORS", severity="critical", incident="P2", runbook="deploy#4", stands_on="API Health",
    asked=Preflight("api", "/api/v1/auth/me", origin="web"),
)  # fmt: skip
def test_the_webs_origin_is_allowed(asked: Sample, environment: Environment) -> None:
    """Cookies travel only when the API names the web's origin and allows credentials."""
    expect(asked).status(200, 204)
    origin = environment.origin("web") or ""
    allowed = "access-control-allow-origin"
    expect(asked).header(allowed, origin, f"{allowed}: {origin}, once")
    expect(asked).header("access-control-allow-credentials", "true")


@check(
    "CORS for strangers", severity="critical", incident="P2", runbook="deploy#4",
    stands_on="API Health",
    asked=Preflight("api", "/api/v1/auth/me", origin=FOREIGN),
)  # fmt: skip
def test_a_foreign_origin_is_not_allowed(asked: Sample) -> None:
    """Another site must not act with the cookies of our users (facts, 1.5)."""
    expect(asked).status(200, 204, 403)
    allowed = asked.header("access-control-allow-origin")
    require(
        allowed is None or allowed not in {FOREIGN, "*"},
        expected=f"no permission for {FOREIGN}",
        observed=f"access-control-allow-origin: {allowed}",
        of=asked,
    )
