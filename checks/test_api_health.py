"""Is the API up, with everything that it needs?"""

from vitals import Environment, Get, Sample, check, expect, require, worst_first


@check(
    "API Health", severity="critical", incident="P1", runbook="deploy#4",
    alive=Get("api", "/api/v1/health"),
    live=Get("api", "/api/v1/health/live"),
    ready=Get("api", "/api/v1/health/ready"),
    detailed=Get("api", "/api/v1/health/detailed"),
)  # fmt: skip
def test_api_health(
    alive: Sample, live: Sample, ready: Sample, detailed: Sample, environment: Environment
) -> str:
    """Process, database, Redis and every expected component answer; `/health` is a constant."""
    for sample in worst_first(alive, live, ready, detailed):
        expect(sample).status(200)
    for sample in (alive, live, ready, detailed):
        expect(sample).envelope().json("data.status", "ok")
    for sample, components in (
        (ready, environment.expect.ready),
        (detailed, environment.expect.detailed),
    ):
        listed = expect(sample).json("data.info").value("data.info")
        for component in components:
            require(
                component in listed,
                expected=f"component {component}",
                observed=f"{sample.url} does not list it: not configured",
                of=sample,
            )
            expect(sample).json(f"data.info.{component}.status", "up")
    return "OK (200)"
