"""The soak's own bookkeeping: what counts as bad, what is known from before, what follows."""

import contextlib
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from scipy import stats  # type: ignore[import-untyped] # scipy ships no types

from benchmarks._beside import REPOSITORY, beside
from benchmarks.soak_smoke import STEPS, highest_rate, keep, known, mark_of, what_is_bad

GONE_S = 5.0


def record(**more: object) -> dict[str, object]:
    """The parts of a record of a run in which all went well."""
    passed = {"title": "Login", "outcome": "PASS", "words": "OK"}
    return {
        "findings": [passed] * STEPS,
        "run": {"status": "complete"},
        "left": {"open": []},
        "verdict": {"suite_errors": []},
        **more,
    }


def test_a_run_is_good_only_when_all_of_it_is() -> None:
    assert what_is_bad(0, record()) == ""
    passed = {"title": "Login", "outcome": "PASS", "words": "OK"}
    flaky = {"title": "View dashboard", "outcome": "FLAKY", "words": "OK (second attempt)"}
    said = what_is_bad(0, record(findings=[*[passed] * (STEPS - 1), flaky]))
    assert said == "View dashboard: OK (second attempt)"
    assert what_is_bad(0, record(findings=[passed])) == f"1 of {STEPS} steps"
    assert what_is_bad(0, record(left={"open": ["task 7"]})) == "left behind: task 7"
    assert what_is_bad(0, record(run={"status": "INTERRUPTED"})) == "the record says INTERRUPTED"
    assert what_is_bad(3, record(verdict={"suite_errors": ["x"]})) == "x; exit code 3"


def test_only_runs_of_the_same_files_count_and_a_torn_line_costs_itself(tmp_path: Path) -> None:
    state = tmp_path / "there" / "smoke.jsonl"
    assert known(state, "now") == []
    keep(state, {"mark": "before", "bad": ""})
    keep(state, {"mark": "now", "bad": ""})
    with state.open("a") as file:
        file.write('{"mark": "now", "ba')
    keep(state, {"mark": "now", "bad": "red"})
    assert [line["bad"] for line in known(state, "now")] == ["", "red"]


def test_the_mark_follows_names_and_contents_of_the_files(tmp_path: Path) -> None:
    for name in ("smoke", "vitals", "standin", "environments"):
        (tmp_path / name).mkdir()
    for name in ("conftest.py", "pyproject.toml", "requirements.lock", "environments/demo.toml"):
        (tmp_path / name).write_text("")
    step = tmp_path / "smoke" / "step.py"
    step.write_text("1")
    before = mark_of(tmp_path)
    assert mark_of(tmp_path) == before
    (tmp_path / "smoke" / "__pycache__").mkdir()
    (tmp_path / "smoke" / "__pycache__" / "step.pyc").write_text("1")
    assert mark_of(tmp_path) == before
    step.write_text("2")
    assert mark_of(tmp_path) != before
    step.write_text("1")
    step.rename(tmp_path / "smoke" / "other.py")
    assert mark_of(tmp_path) != before


@pytest.mark.parametrize("runs", [1, 5, 50, 1000])
@pytest.mark.parametrize("bad", [0, 1, 3])
def test_the_highest_rate_is_clopper_and_pearsons(bad: int, runs: int) -> None:
    exact = 1.0 if bad >= runs else stats.beta.ppf(0.95, bad + 1, runs - bad)
    assert highest_rate(bad, runs) == pytest.approx(exact, abs=1e-8)


def test_burners_end_with_whoever_started_them() -> None:
    with beside("benchmarks._burners", "2", "60") as burners:
        assert all(psutil.pid_exists(pid) for pid in burners)
    assert are_gone(burners)


def test_burners_end_when_their_starter_is_killed() -> None:
    code = """
import sys
from benchmarks._beside import beside
with beside("benchmarks._burners", "2", "60") as burners:
    print(*burners, flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdout is not None
        burners = [int(word) for word in starter.stdout.readline().split()]
        starter.kill()
    assert len(burners) == 2
    assert are_gone(burners)


def are_gone(pids: list[int]) -> bool:
    """Whether none of these processes still runs after a while; a zombie does not run."""
    running = []
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            running.append(psutil.Process(pid))
    _, alive = psutil.wait_procs(running, timeout=GONE_S)
    return all(process.status() == psutil.STATUS_ZOMBIE for process in alive)
