"""Does the build run that was deployed, in every instance?"""

from vitals import (
    CONSTANT_VERSION,
    Release,
    Watch,
    WatchSample,
    check,
    expect,
    inconclusive,
    instances,
    require,
)

VERSION = Watch("api", "/api/v1/health/version")


@check(
    "API build", severity="critical", incident="P3", runbook="deploy#4", stands_on="API Health",
    watch=VERSION,
)  # fmt: skip
def test_expected_build_runs(watch: WatchSample, release: Release) -> str:
    """All instances run one version, the expected one, and started since the deploy."""
    expect(watch).answered()
    for answer in watch.answers:
        expect(answer).envelope()
    seen = instances(watch.answers)
    versions = sorted({one.version for one in seen})
    told = f"{', '.join(v or 'no version' for v in versions)}, {len(seen)} instance(s)"
    blank = {"", CONSTANT_VERSION} & set(versions)
    require(len(versions) <= 1, expected="one version everywhere", observed=told, of=watch)
    if release.version is not None:
        wanted = release.version.removeprefix("v")
        if wanted not in blank and blank:
            raise inconclusive(f"version {wanted}", f"{told}: proves nothing", of=watch)
        wrong = [version for version in versions if version.removeprefix("v") != wanted]
        require(not wrong, expected=f"version {wanted} everywhere", observed=told, of=watch)
    if release.deployed_at is not None:
        starts = [one.started_by_prober for one in seen]
        if None in starts:
            raise inconclusive("the start of every instance", "an answer without it", of=watch)
        oldest = min(start for start in starts if start is not None)
        require(
            oldest >= release.deployed_at,
            expected=f"every instance started after {release.deployed_at:%Y-%m-%d %H:%M:%S} UTC",
            observed=f"one that runs since {oldest:%Y-%m-%d %H:%M:%S} UTC",
            of=watch,
        )
    return f"OK ({told}{': the version proves nothing' if blank else ''})"


@check(
    "API restarts", severity="critical", incident="P3", runbook="deploy#4", stands_on="API Health",
    watch=VERSION,
)  # fmt: skip
def test_api_does_not_restart(watch: WatchSample) -> str:
    """No process began after this run had begun: one that does is dying and coming back."""
    expect(watch).answered()
    for answer in watch.answers:
        expect(answer).envelope().json("data.uptime", _is_seconds, expected="uptime in seconds")
    seen = instances(watch.answers)
    for one in seen:
        require(
            not one.is_younger_than_the_run,
            expected="no process younger than this run",
            observed=f"one that had been up for {one.uptime or 0:.1f} s",
            of=watch,
        )
    ups = sorted(one.uptime or 0 for one in seen)
    return f"OK (up for {ups[0]:.0f} s)" if len(ups) == 1 else f"OK (up for {ups[0]:.0f} s or more)"


@check(
    "API clock", severity="warning", incident="P3", runbook="deploy#4", stands_on="API Health",
    watch=VERSION,
)  # fmt: skip
def test_api_clock_is_right(watch: WatchSample) -> str:
    """Logins via Telegram are refused when clocks differ by a minute (facts, 3.1)."""
    allowed = 30.0
    expect(watch).answered()
    answer = watch.answers[0]
    expect(answer).envelope().json("data.timestamp")
    seen = instances(watch.answers)
    offsets = [
        (one.started - one.started_by_prober).total_seconds()
        for one in seen
        if one.started and one.started_by_prober
    ]
    if not offsets:
        raise inconclusive("timestamp and uptime", "an answer without them", of=watch)
    worst = max(offsets, key=abs)
    require(
        abs(worst) <= allowed,
        expected=f"a clock within {allowed:.0f} s of the prober's",
        observed=f"one that is {abs(worst):.0f} s {'ahead' if worst > 0 else 'behind'}",
        of=watch,
    )
    return f"OK ({abs(worst):.1f} s off at most)"


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
