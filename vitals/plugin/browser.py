"""pytest-playwright, where a run can reach the smoke path: its options, its browser, its folder."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import pytest

from vitals.plugin.session import SESSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from vitals.browser.browsing import Browsing

_PLUGIN = "pytest_playwright.pytest_playwright"
_OPTIONS = (
    "--browser",
    "--browser-channel",
    "--device",
    "--full-page-screenshot",
    "--headed",
    "--output",
    "--screenshot",
    "--slowmo",
    "--tracing",
    "--video",
)


def is_asked_for(config: pytest.Config) -> bool:
    """Whether the command line has an option of pytest-playwright."""
    return any(word.split("=")[0] in _OPTIONS for word in _words(config))


def load_plugin(config: pytest.Config) -> None:
    """Load it; without the package only the smoke path cannot run, and says so itself."""
    try:
        config.pluginmanager.import_plugin(_PLUGIN)
    except Exception as fault:  # pytest has two kinds of its own for it, and one is private
        if not isinstance(fault.__cause__ or fault, ImportError):
            raise


def set_folder(config: pytest.Config, folder: Path) -> None:
    """Let its artefacts go into the run's own folder: it deletes the one that it is given."""
    if not config.pluginmanager.has_plugin(_PLUGIN):
        return
    if len(config.option.browser) > 1:
        raise pytest.UsageError(
            "--browser: one a run, so that each has its own report; start a run for each"
        )
    config.option.output = str(folder)


@contextlib.contextmanager
def browsing(
    config: pytest.Config,
    launch: Callable[..., Any],
    arguments: Mapping[str, Any],
    browser: str,
    channel: str | None,
) -> Iterator[Browsing]:
    """The browser of the run, closed at the end.

    Raises:
        BrowserError: there is none, or it does not start.
    """
    from vitals.browser.browsing import Browsing, Keep, launched  # noqa: PLC0415 - a browser's cost
    from vitals.browser.errors import BrowserError  # noqa: PLC0415 - same
    from vitals.browser.found import launch_arguments  # noqa: PLC0415 - same

    run = config.stash[SESSION]
    try:
        own = launch_arguments(browser, channel)
    except FileNotFoundError as fault:
        raise BrowserError(f"{fault}; make browser looks for one and installs it") from None
    is_said = any(word.split("=")[0] == "--tracing" for word in _words(config))
    opened = Browsing(
        browser=launched(launch, browser, own),
        environment=run.environment,
        arguments=arguments,
        keep=Keep(
            tracing=config.option.tracing if is_said else "retain-on-failure",
            video=config.option.video,
        ),
        folder=run.folder / "artifacts",
    )
    try:
        yield opened
    finally:
        opened.close()


def _words(config: pytest.Config) -> list[str]:
    added = os.environ.get("PYTEST_ADDOPTS", "").split()
    return [*map(str, config.invocation_params.args), *added]
