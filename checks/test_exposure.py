"""Can a stranger read what is not meant for strangers?"""

from vitals import Get, Sample, check, expect, require


@check(
    "Docs guarded", severity="warning", incident="P4", runbook="deploy#4", stands_on="API Health",
    docs=Get("api", "/docs", bare=True, follow=False),
)  # fmt: skip
def test_docs_page_asks_for_a_login(docs: Sample) -> str:
    """The API's documentation is for its owner (facts, 1.2)."""
    expect(docs).status(401)
    return "OK (401)"


@check(
    "Docs exposed", severity="warning", incident="P4", runbook="deploy#4", stands_on="API Health",
    spec=Get("api", "/docs-json", bare=True, follow=False),
)  # fmt: skip
def test_specification_asks_for_a_login(spec: Sample) -> str:
    """The guard of `/docs` does not cover its JSON twin (facts, 1.2)."""
    _refused(spec, "/docs-json")
    return f"no ({spec.status})"


@check(
    "Metrics exposed", severity="warning", incident="P4", runbook="deploy#4",
    stands_on="API Health",
    metrics=Get("api", "/api/v1/metrics", bare=True, follow=False),
)  # fmt: skip
def test_metrics_ask_for_a_token(metrics: Sample) -> str:
    """Revenue is among the metrics; without METRICS_TOKEN they are public (facts, 1.2)."""
    _refused(metrics, "/api/v1/metrics")
    return f"no ({metrics.status})"


def _refused(sample: Sample, path: str) -> None:
    expect(sample).answered("401")
    require(
        sample.status != 200,
        expected="401",
        observed="200 without login",
        sentence=f"{path} answers 200 without login",
        of=sample,
    )
    expect(sample).status(401, 403, 404)
