"""Do refusals look as clients expect them?"""

from vitals import Get, Sample, check, expect


@check(
    "Error shape", severity="warning", incident="P4", runbook="deploy#4", stands_on="API Health",
    missing=Get("api", "/api/v1/no-such-route"),
)  # fmt: skip
def test_unknown_route_is_a_json_404(missing: Sample) -> None:
    """Clients read `errorCode` and `message`; a page of HTML breaks them (facts, 1.3)."""
    (
        expect(missing)
        .status(404)
        .media_type("application/json")
        .json("success", False)
        .json("statusCode", 404)
        .json("errorCode", "NOT_FOUND")
        .json("message")
        .json("path", "/api/v1/no-such-route")
        .json("timestamp")
    )


@check(
    "Anonymous access", severity="critical", incident="P2", runbook="deploy#4",
    stands_on="API Health",
    me=Get("api", "/api/v1/auth/me", bare=True),
)  # fmt: skip
def test_a_stranger_is_refused(me: Sample) -> str:
    """Whoever has not logged in is nobody: anything else means that authentication is off."""
    expect(me).status(401).json("success", False).json("errorCode", "UNAUTHORIZED")
    return "OK (401)"
