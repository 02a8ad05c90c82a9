"""Do refusals look as clients expect them?"""

from vitals import Get, Sample, check, expect


@check(
    "Error shape", severity="warning", incident="P4", runbook="deploy#4", stands_on="API Health",
    missing=Get("api", "/api/v1/no-such-route"),
    me=Get("api", "/api/v1/auth/me", bare=True),
)  # fmt: skip
def test_refusals_are_json(missing: Sample, me: Sample) -> None:
    """Clients read `errorCode` and `message`; a page of HTML breaks them (facts, 1.3)."""
    _shaped(missing, 404, "NOT_FOUND")
    expect(me).answered("a refusal")
    if me.status == 401:  # another status is what "Anonymous access" is about
        _shaped(me, 401, "UNAUTHORIZED")


@check(
    "Anonymous access", severity="critical", incident="P2", runbook="deploy#4",
    stands_on="API Health",
    me=Get("api", "/api/v1/auth/me", bare=True),
)  # fmt: skip
def test_a_stranger_is_refused(me: Sample) -> str:
    """Whoever has not logged in is nobody: anything else means that authentication is off."""
    expect(me).status(401)
    return "OK (401)"


def _shaped(refusal: Sample, status: int, code: str) -> None:
    answer = expect(refusal).status(status).media_type("application/json")
    answer.json("success", False).json("statusCode", status).json("errorCode", code)
    answer.json("message").json("path").json("timestamp")
