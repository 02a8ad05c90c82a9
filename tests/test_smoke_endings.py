"""A smoke run that is ended from outside, or has no browser, leaves nothing open and says why."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

import psutil
import pytest
import standin_environment
from smoke_runs import (
    CREATE,
    LOGIN,
    NAME,
    NOTHING_OPEN,
    STEPS,
    file_keys,
    journaled,
    outcomes,
    tokens,
    walked,
    witness,
    write_environment,
)
from standin_environment import secrets_of
from suite_run import PATIENCE_S, Suite

from vitals.journal import sessions
from vitals.journal.folder import state_folder
from vitals.probe.account import sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from suite_run import Ended, Running

GONE_S = 10.0
LINES = 14
"""A run is killed when its journal has some of so many lines: the last tells of a second task."""
BETWEEN_S = 0.3
"""And at some moment of so many seconds after that."""
KILLS = int(os.environ.get("VITALS_KILLS", "5"))
UNFIT = "The smoke path could not be walked: "


@pytest.fixture(name="suite")
def _suite(tmp_path: Path, ready: dict[str, Any]) -> Suite:
    suite = Suite(tmp_path / "copy")
    write_environment(suite, ready)
    return suite


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """A process that was started in the background hands "ignore SIGINT" down to its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def wait_until(running: Running, condition: Any, what: str) -> None:
    """Wait for something while a run goes on."""
    deadline = monotonic() + PATIENCE_S
    while not condition():
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.process.wait(0.02)
            pytest.fail(f"the run ended before {what}:\n{running.wait().out}")
        assert monotonic() < deadline, what


@contextmanager
def family(running: Running) -> Iterator[list[psutil.Process]]:
    """The processes that a run has started so far, each ended by its id if it is still there."""
    children = psutil.Process(running.process.pid).children(recursive=True)
    try:
        yield children
    finally:
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()


def has_a_task(suite: Suite) -> bool:
    """Whether a run has made a task, so that it is in the middle of the path."""
    return '"task"' in str(journaled(suite)).replace("'", '"')


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_cleans_up(
    suite: Suite, ready: dict[str, Any], number: signal.Signals
) -> None:
    with suite.started("smoke", "--env", NAME, environ=secrets_of(ready)) as running:
        wait_until(running, lambda: has_a_task(suite), "it made a task")
        known = tokens(suite)
        with family(running) as children:
            running.process.send_signal(number)
            ended = running.wait()
            _, alive = psutil.wait_procs(children, timeout=GONE_S)
    assert ended.code == 2, ended.out + ended.err
    assert alive == []
    assert ended.record["run"]["status"] == "INTERRUPTED"
    assert ended.lines[-1] == "Interrupted: nothing is said about VendHub."
    assert "Traceback" not in ended.out + ended.err
    assert journaled(suite) == []
    assert known
    with witness(ready) as asked:
        assert asked.open_tasks() == []
        assert [token for token in known if asked.is_signed_in(token)] == []


def test_what_killed_runs_left_the_next_run_removes(suite: Suite, ready: dict[str, Any]) -> None:
    moments = random.Random(20261125)  # noqa: S311 - moments of kills are no secrets
    known: set[str] = set()
    keys: set[str] = set()
    made: set[str] = set()
    for _ in range(KILLS):
        before = journals(suite)
        with suite.started("smoke", "--env", NAME, environ=secrets_of(ready)) as running:
            lines = moments.randint(1, LINES)
            wait_until(running, partial(has_written, suite, before, lines), f"{lines} lines")
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.process.wait(moments.uniform(0, BETWEEN_S))
            with family(running) as children:
                running.process.kill()
                assert running.wait().code == -signal.SIGKILL
                known |= tokens(suite)
                keys |= file_keys(suite)
                made |= {str(line["kind"]) for line in journaled(suite) if "kind" in line}
                _, alive = psutil.wait_procs(children, timeout=GONE_S)
                assert alive == []
    assert made == {"session", "task", "file"}  # else the kills came before there was anything
    assert known
    ended = walked(suite, ready)
    assert ended.code == 0, ended.out + ended.err
    assert any(line.startswith(NOTHING_OPEN) for line in ended.lines), ended.out
    assert journaled(suite) == []
    with witness(ready) as asked:
        assert asked.open_tasks() == []
        assert [token for token in known if asked.is_signed_in(token)] == []
        assert [key for key in keys if asked.has_file(key)] == []


def journals(suite: Suite) -> set[Path]:
    """The journals of runs, not of their sweeps."""
    return {path for path in suite.root.glob("state/*/*.jsonl") if "sweep" not in path.name}


def has_written(suite: Suite, before: set[Path], lines: int) -> bool:
    """Whether the journal that was not there before has so many lines."""
    return any(path.read_bytes().count(b"\n") >= lines for path in journals(suite) - before)


def assert_unfit(ended: Ended, words: str) -> None:
    """The run says in one sentence why this machine cannot walk the path, and blames nobody."""
    said = ended.out + ended.err
    assert ended.code == 7, said
    assert re.fullmatch(re.escape(UNFIT) + words, ended.lines[-1]), said
    assert "Traceback" not in said
    assert "FAIL" not in {o for t, o in outcomes(ended).items() if t in STEPS.values()}, said


def assert_checks_untouched(ended: Ended) -> None:
    """The checks of the same run were made as ever."""
    known = outcomes(ended)
    assert known["API Health"] == known["Frontend"] == "PASS"
    assert {known[title] for title in STEPS.values()} == {"BLOCKED"}, ended.out


@pytest.fixture(name="bare")
def _bare(tmp_path: Path) -> dict[str, str]:
    """The variables of a machine that has no browser."""
    for name in ("home", "bin", "browsers"):
        (tmp_path / name).mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    return {
        "HOME": str(tmp_path / "home"),
        "PATH": str(tmp_path / "bin"),
        "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "browsers"),
    }


def test_without_a_browser_the_checks_still_speak(
    suite: Suite, ready: dict[str, Any], bare: dict[str, str]
) -> None:
    ended = walked(suite, ready, environ=bare, paths=("checks", "smoke"))
    assert_unfit(
        ended,
        r"no Chromium, Chrome or Edge is installed; make browser looks for one and installs it\.",
    )
    assert_checks_untouched(ended)


def test_without_the_package_the_checks_still_speak(
    suite: Suite, ready: dict[str, Any], tmp_path: Path
) -> None:
    stub = tmp_path / "stub" / "pytest_playwright"
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text("raise ImportError('not here')\n")
    environ = {"PYTHONPATH": str(stub.parent)}
    ended = walked(suite, ready, environ=environ, paths=("checks", "smoke"))
    assert_unfit(ended, r"the package pytest-playwright is not installed; make setup installs it\.")
    assert_checks_untouched(ended)


def test_a_window_needs_a_display(suite: Suite, ready: dict[str, Any]) -> None:
    nowhere = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}
    ended = walked(suite, ready, "--headed", environ=nowhere)
    assert_unfit(
        ended,
        r"chromium did not start: there is no display; leave out --headed, or use xvfb-run\.",
    )


def test_a_browser_that_dies_is_not_the_products_fault(suite: Suite, ready: dict[str, Any]) -> None:
    with suite.started("smoke", "--env", NAME, environ=secrets_of(ready)) as running:
        wait_until(running, lambda: has_a_task(suite), "it made a task")
        known = tokens(suite)
        with family(running) as children:
            browsers = [child for child in children if is_a_browser(child)]
            assert len(browsers) == 1, children
            browsers[0].kill()
            ended = running.wait()
    assert_unfit(ended, r"the browser .+\.")
    assert any(line.startswith(NOTHING_OPEN) for line in ended.lines), ended.out
    assert journaled(suite) == []
    assert known
    with witness(ready) as asked:
        assert asked.open_tasks() == []
        assert [token for token in known if asked.is_signed_in(token)] == []


def is_a_browser(process: psutil.Process) -> bool:
    """Whether it is the process of a browser itself, not one of its helpers."""
    try:
        command = process.cmdline()
    except psutil.NoSuchProcess:
        return False
    is_helper = any(word.startswith("--type=") for word in command)
    is_main = any(word.startswith("--user-data-dir=") for word in command)
    return is_main and not is_helper and "chrom" in process.name().lower()


def test_a_stored_session_that_ended_says_what_to_do(
    suite: Suite, ready: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VITALS_STATE", str(suite.root / "state"))
    where = standin_environment.load(tmp_path, ready)
    for name in ("manager", "operator"):
        account = sign_in(where, name)
        sessions.store(state_folder(where), account)
        assert account.sign_out().is_success
    ended = suite.run("smoke", "--env", NAME)  # without the secrets
    assert_unfit(ended, rf"session expired, run vitals login --env {NAME} --as operator\.")
    assert outcomes(ended)[LOGIN] == outcomes(ended)[CREATE] == "BLOCKED"
