"""A run that is ended from outside, or cannot write, is never taken for a verdict."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

import psutil
import pytest
from suite_run import PATIENCE_S, Suite

from vitals import cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from suite_run import Running

GONE_S = 5.0  # it looks for its parent every 0.25 s, then has 2 s to close, on a busy machine
HANGING = ("checks", "--env", "demo", "--set", 'standin.faults=["api-hangs"]')


@pytest.fixture(name="suite")
def _suite(tmp_path: Path) -> Suite:
    return Suite(tmp_path / "copy")


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """A process that was started in the background hands "ignore SIGINT" down to its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@contextmanager
def in_the_middle(suite: Suite) -> Iterator[tuple[Running, list[psutil.Process]]]:
    """A run whose probes are on their way to an API that never answers, and its children."""
    deadline = monotonic() + PATIENCE_S
    with suite.started(*HANGING) as running:
        while not (folder := running.folder()) or not (folder / "run.json").exists():
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.process.wait(0.02)
                pytest.fail(f"the run ended too early:\n{running.wait().out}")
            assert monotonic() < deadline
        children = psutil.Process(running.process.pid).children(recursive=True)
        assert children
        try:
            yield running, children
        finally:
            for child in children:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()


def assert_interrupted(record: dict[str, Any]) -> None:
    """The record says so, and names no verdict on the product."""
    assert record["run"]["status"] == "INTERRUPTED"
    assert record["run"]["ended"] is None
    assert record["verdict"]["exit_code"] == 2
    assert "passed" not in record["verdict"]["sentence"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_says_so_and_leaves_no_process(
    suite: Suite, number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    with in_the_middle(suite) as (running, children):
        running.process.send_signal(number)
        ended = running.wait()
        _, alive = psutil.wait_procs(children, timeout=0.5)
    assert ended.code == 2, ended.out
    assert ended.lines[-1] == "Interrupted: nothing is said about VendHub."
    assert "critical checks passed" not in ended.out
    assert "Traceback" not in ended.out + ended.err
    assert ended.seconds < 10
    assert alive == []
    assert_interrupted(ended.record)
    assert ended.folder is not None
    assert cli.main(["verify", str(ended.folder / "run.json")]) == 0
    assert "Interrupted" in capsys.readouterr().out


def test_a_run_that_is_killed_leaves_no_green_record_and_no_process(suite: Suite) -> None:
    with in_the_middle(suite) as (running, children):
        running.process.kill()
        ended = running.wait()
        _, alive = psutil.wait_procs(children, timeout=GONE_S)
    assert ended.code == -signal.SIGKILL
    assert alive == []
    assert_interrupted(ended.record)
    assert ended.folder is not None
    assert [path.name for path in ended.folder.iterdir()] == ["run.json"]


def test_a_report_that_cannot_be_written_is_a_suite_error_in_one_sentence(suite: Suite) -> None:
    (suite.root / "reports").write_text("a file where the folder should be")
    ended = suite.run("checks", "--env", "demo")
    assert ended.code == 3
    told = [line for line in ended.err.splitlines() if "reports cannot be written there" in line]
    assert len(told) == 1, ended.out + ended.err
    assert "passed!" not in ended.out
    assert "INTERNALERROR" not in ended.out + ended.err
    assert "Traceback" not in ended.out + ended.err
