"""Does the API answer in time?"""

from vitals import Get, Sample, check, expect, require

LIMIT_S = 1.0


@check(
    "API Response Time", severity="critical", incident="P3", runbook="deploy#4",
    stands_on="API Health",
    ready=Get("api", "/api/v1/health/ready"),
    alive=Get("api", "/api/v1/health"),
    live=Get("api", "/api/v1/health/live"),
)  # fmt: skip
def test_api_answers_in_time(ready: Sample, alive: Sample, live: Sample) -> str:
    """The slowest of three requests: a hint, it cannot speak for the p95."""
    samples = (ready, alive, live)
    for sample in samples:
        expect(sample).status(200)
    slowest = max(samples, key=lambda sample: sample.duration)
    require(
        slowest.duration < LIMIT_S,
        expected=f"less than {LIMIT_S:g}s",
        observed=f"{slowest.duration:.2f}s from {slowest.probe.label}",
        of=slowest,
    )
    return f"{slowest.duration:.2f}s (< {LIMIT_S:g}s) · slowest of {len(samples)}, no p95"
