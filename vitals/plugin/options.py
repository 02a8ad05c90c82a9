"""What can be said on the command line, and what a command line reaches."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from vitals import environment
from vitals.plugin.session import Session
from vitals.verdict.builds import Release
from vitals.verdict.judge import Exit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from vitals.environment import Environment

SUITES = ("checks", "smoke")


def add_options(parser: pytest.Parser) -> None:
    """Declare the options of the suite."""
    group = parser.getgroup("vendhub", "VendHub health checks and smoke tests")
    group.addoption(
        "--env",
        metavar="NAME",
        help="where to look: a name below environments/ or a path to a TOML file"
        " (default: VENDHUB_ENV; there is no other default)",
    )
    group.addoption("--api-url", metavar="URL", help="look at this API instead of the file's")
    group.addoption("--web-url", metavar="URL", help="look at this web instead of the file's")
    group.addoption(
        "--set",
        action="append",
        default=[],
        dest="vitals_sets",
        metavar="KEY=VALUE",
        help="another value for a key of the environment file, such as deadlines.probe_ms=3000",
    )
    group.addoption(
        "--expect-version", metavar="VERSION", help="the version that every instance should run"
    )
    group.addoption(
        "--deployed-at",
        metavar="TIME",
        help="when the deploy began, such as 2026-11-24T02:00:00Z: older instances are findings",
    )
    group.addoption(
        "--wait-for-turn",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="wait so long for another smoke run of the environment on this machine (default: 0,"
        " leave at once and say who it is)",
    )


def reaches(config: pytest.Config, suite: str, arguments: Iterable[str] | None = None) -> bool:
    """Whether the paths on the command line can lead into a suite's folder."""
    folder = config.rootpath / suite
    here = config.invocation_params.dir
    for argument in config.args if arguments is None else arguments:
        path = (here / str(argument).split("::", 1)[0]).resolve()
        if path == folder or folder in path.parents or path in folder.parents:
            return True
    return False


def is_named(config: pytest.Config) -> bool:
    """Whether the command line or VENDHUB_ENV says where to look."""
    return bool(config.option.env or os.environ.get("VENDHUB_ENV"))


def load_environment(config: pytest.Config) -> Environment:
    """The environment of this run.

    Raises:
        pytest.UsageError: none is named, or its file is wrong; one message says what to do.
    """
    folder = config.rootpath / "environments"
    name = config.option.env or os.environ.get("VENDHUB_ENV")
    if not name:
        raise pytest.UsageError(environment.missing_environment_message(folder))
    if config.getoption("numprocesses", None):
        raise pytest.UsageError(
            "checks share one rate limit and run in one process: leave out -n/--numprocesses"
        )
    try:
        return environment.load(
            name,
            folder=folder,
            sets=config.option.vitals_sets,
            api_url=config.option.api_url,
            web_url=config.option.web_url,
        )
    except environment.ConfigError as fault:
        raise pytest.UsageError(str(fault)) from None


def load_release(config: pytest.Config) -> Release:
    """What the command line says about the deploy.

    Raises:
        pytest.UsageError: `--deployed-at` is no time, has no zone or lies in the future.
    """
    text = config.option.deployed_at
    if text is None:
        return Release(config.option.expect_version)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise pytest.UsageError(
            f"--deployed-at {text}: expected a time with its zone, such as 2026-11-24T02:00:00Z"
        )
    if moment > datetime.now(UTC):
        raise pytest.UsageError(f"--deployed-at {text}: lies in the future")
    return Release(config.option.expect_version, moment.astimezone(UTC))


def new_session(config: pytest.Config) -> Session:
    """A run against the environment that the command line names.

    Raises:
        pytest.UsageError: the environment or an option is wrong.
    """
    looked_at = load_environment(config)
    started, run_id = datetime.now(UTC), secrets.token_hex(3)
    return Session(
        environment=looked_at,
        release=load_release(config),
        id=run_id,
        started=started,
        folder=config.rootpath / "reports" / looked_at.name / f"{started:%Y%m%dT%H%M%SZ}-{run_id}",
    )


def suites_reached(config: pytest.Config) -> list[Path]:
    """The folders of checks and journeys that the command line can lead into."""
    return [config.rootpath / suite for suite in SUITES if reaches(config, suite)]


def make_folder(folder: Path) -> None:
    """See to it that artefacts can be written, before anything is sent.

    Raises:
        pytest.exit.Exception: they cannot, which is a fault of the prober's machine.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        words = f"{folder}: the reports cannot be written there ({fault.strerror})"
        raise pytest.exit.Exception(words, returncode=Exit.SUITE_ERROR) from None
