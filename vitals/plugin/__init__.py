"""The suite as a pytest plugin: hooks only; what they do stands in the modules beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vitals.plugin import browser, collecting, options
from vitals.plugin.html import HtmlHooks
from vitals.plugin.run import RunHooks
from vitals.plugin.selected import CHECK
from vitals.plugin.session import SESSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vitals.browser.browsing import Browsing
    from vitals.environment import Environment
    from vitals.verdict.builds import Release


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of the suite."""
    options.add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Load the plugins that this command line needs, now that autoloading is off."""
    known = early_config.known_args_namespace
    arguments = known.file_or_dir or early_config.getini("testpaths")
    if any(options.reaches(early_config, suite, arguments) for suite in options.SUITES):
        for name in ("pytest_metadata.plugin", "pytest_html.fixtures", "pytest_html.plugin"):
            early_config.pluginmanager.import_plugin(name)
    if options.reaches(early_config, "smoke", arguments) or browser.is_asked_for(early_config):
        browser.load_plugin(early_config)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the environment before anything is collected, and say where the report goes."""
    suites = options.suites_reached(config)
    if suites and options.is_named(config) and not config.option.collectonly:
        session = options.new_session(config)
        options.make_folder(session.folder.parent)
        session.critical_declared = collecting.count_critical(suites)
        config.stash[SESSION] = session
        config.pluginmanager.register(RunHooks(config, session), "vitals.run")
        config.option.continue_on_collection_errors = True  # one broken file costs only itself
        if config.pluginmanager.has_plugin("pytest_html.plugin"):
            config.pluginmanager.register(HtmlHooks(config, session), "vitals.html")
            config.option.htmlpath = str(session.folder / "report.html")
            config.option.self_contained_html = True
        browser.set_folder(config, session.folder / "artifacts")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Turn the probes of a check into plain arguments, once for each of its targets."""
    collecting.make_instances(metafunc)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let what others stand on come first, in whatever order the rest is."""
    collecting.put_foundations_first(config, items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse to run checks without knowing where."""
    selected = any(CHECK in item.stash for item in session.items)
    if selected and SESSION not in session.config.stash and not session.config.option.collectonly:
        options.load_environment(session.config)


@pytest.fixture(scope="session")
def environment(pytestconfig: pytest.Config) -> Environment:
    """Where this run looks."""
    return pytestconfig.stash[SESSION].environment


@pytest.fixture
def journey(request: pytest.FixtureRequest) -> None:
    """What the steps of the smoke path share; handed over once the step is known to be on."""
    run = request.config.stash[SESSION]
    if run.smoke is not None:
        run.smoke.request = request


@pytest.fixture(scope="session")
def vitals_browsing(
    launch_browser: Any,
    browser_context_args: Any,
    browser_name: Any,
    browser_channel: Any,
    pytestconfig: pytest.Config,
) -> Iterator[Browsing]:
    """The browser of the run; asked for by the first step that needs it."""
    with browser.browsing(
        pytestconfig, launch_browser, browser_context_args, browser_name, browser_channel
    ) as opened:
        yield opened


@pytest.fixture(scope="session")
def release(pytestconfig: pytest.Config) -> Release:
    """What the caller said about the deploy that this run follows."""
    return pytestconfig.stash[SESSION].release
