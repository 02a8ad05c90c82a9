"""Does a component limp while the API says that all is well?"""

from vitals import Get, Sample, check, expect, require


@check(
    "Components", severity="warning", incident="P3", runbook="deploy#4", stands_on="API Health",
    detailed=Get("api", "/api/v1/health/detailed"),
)  # fmt: skip
def test_no_component_is_degraded(detailed: Sample) -> str:
    """A degraded component is reported as `up` with a flag (facts, 2.1): the flag counts."""
    components = expect(detailed).envelope().json("data.info").value("data.info")
    require(bool(components), expected="components", observed="an empty list", of=detailed)
    for name, state in components.items():
        flag = state.get("degraded", False) if isinstance(state, dict) else "unreadable"
        message = state.get("message", "no message") if isinstance(state, dict) else state
        require(
            flag is False,
            expected=f"{name} at full strength",
            observed=f"degraded = {flag}, {message}",
            sentence=f"{name} is degraded: {message}",
            of=detailed,
        )
    return f"OK ({', '.join(sorted(components))})"
