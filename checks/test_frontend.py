"""Is the admin web the right page, whole, and connected to the API?"""

from urllib.parse import urljoin, urlsplit

from vitals import (
    Get,
    Page,
    PageSample,
    Sample,
    Watch,
    WatchSample,
    check,
    expect,
    instances,
    read_instance,
    require,
    web_build,
)

SCRIPTS = ("text/javascript", "application/javascript")
TELEGRAM = "telegram.org"  # its script is part of every Mini App, and not ours to judge
LOGIN = Page("web", "/auth")


@check(
    "Frontend", severity="critical", incident="P1", runbook="deploy#4", stands_on="API Health",
    login=LOGIN,
    health=Get("web", "/api/v1/health"),
)  # fmt: skip
def test_frontend(login: PageSample, health: Sample) -> str:
    """The login page, its scripts and styles, and the API through the web's own origin."""
    page = expect(login.page, is_foundation=True)
    page.status(200).media_type("text/html").contains("VendHub Admin")
    assets_are_right(login)
    expect(health).envelope().json("data.status", "ok")
    return "OK (200)"


@check(
    "Dashboard guard", severity="critical", incident="P2", runbook="deploy#4",
    stands_on="Frontend",
    dashboard=Get("web", "/dashboard", bare=True, follow=False),
)  # fmt: skip
def test_dashboard_asks_for_a_login(dashboard: Sample) -> str:
    """Without a session the dashboard leads to the login page (facts, 4)."""
    expect(dashboard).status(302, 303, 307, 308)
    target = urljoin(dashboard.url, dashboard.header("location") or "")
    there, here = urlsplit(target), urlsplit(dashboard.url)
    require(
        (there.scheme, there.netloc, there.path) == (here.scheme, here.netloc, "/auth"),
        expected="a redirect to /auth of the same origin",
        observed=f"{dashboard.status} to {dashboard.header('location')}",
        of=dashboard,
    )
    return f"OK ({dashboard.status} to /auth)"


@check(
    "Web's API", severity="critical", incident="P2", runbook="deploy#4", stands_on="Frontend",
    through_web=Get("web", "/api/v1/health/version"),
    watch=Watch("api", "/api/v1/health/version"),
)  # fmt: skip
def test_web_talks_to_this_api(through_web: Sample, watch: WatchSample) -> str:
    """The web's API is fixed when it is built (facts, 3.3): it must be the one checked here."""
    expect(through_web).envelope().json("data.environment")
    for answer in watch.answers:
        expect(answer).envelope()
        environment = answer.json()["data"].get("environment")
        expect(through_web).json("data.environment", environment)
    behind_web = read_instance(through_web)
    versions = {one.version for one in instances(watch.answers)}
    version = behind_web.version if behind_web else ""
    require(
        version in versions,
        expected=f"version {' or '.join(sorted(versions))} behind the web, as at the API",
        observed=version or "no version",
        of=through_web,
    )
    return f"OK ({version or 'no version'})"


@check(
    "Web build", severity="info", incident="P4", runbook="deploy#4", stands_on="Frontend",
    login=LOGIN,
)  # fmt: skip
def test_web_tells_its_build(login: PageSample) -> str:
    """Which build of the web is served, read from the addresses of its scripts."""
    expect(login.page).status(200)
    build = web_build(login.assets)
    require(
        bool(build),
        expected="a build in the addresses of the scripts",
        observed="none",
        sentence="the pages do not tell which build they are",
        of=login,
    )
    return f"OK ({build})"


@check(
    "Mini App", severity="critical", incident="P2", runbook="deploy#4",
    start=Page("client", "/"),
)  # fmt: skip
def test_mini_app(start: PageSample) -> str:
    """The Mini App's page and its scripts are served."""
    expect(start.page).status(200).media_type("text/html")
    assets_are_right(start, styles=False)
    return "OK (200)"


@check(
    "Site", severity="warning", incident="P3", runbook="deploy#4",
    start=Page("site", "/"),
)  # fmt: skip
def test_site(start: PageSample) -> str:
    """The public site is served with its scripts."""
    expect(start.page).status(200).media_type("text/html").contains("VendHub")
    assets_are_right(start, styles=False)
    return "OK (200)"


def assets_are_right(page: PageSample, *, styles: bool = True) -> None:
    """Every script and style that the page names is there and is what it claims to be."""
    assets = [asset for asset in page.assets if urlsplit(asset.url).hostname != TELEGRAM]
    kinds = [urlsplit(asset.url).path.rsplit(".", 1)[-1] for asset in assets]
    for kind in ("js", *(["css"] if styles else [])):
        require(
            kind in kinds,
            expected=f"a page that loads .{kind} files",
            observed="a page that names none",
            of=page.page,
        )
    for asset, kind in zip(assets, kinds, strict=True):
        expect(asset, is_foundation=True).status(200)
        expect(asset).media_type(*(("text/css",) if kind == "css" else SCRIPTS))
