"""Every fault that people would meet is found by the step that meets it, in its words."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from smoke_rows import ROWS, Row
from smoke_runs import (
    COMPLETE,
    CREATE,
    DASHBOARD,
    LIVE,
    LOGIN,
    NOTHING_OPEN,
    STEPS,
    UPLOAD,
    open_tasks,
    outcomes,
    walked,
    write_environment,
)
from standin_environment import secrets_of
from suite_run import Suite, faults_on

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from suite_run import Ended

SIGNS = {
    "a token": re.compile(r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}"),
    "init data": re.compile(r"hash(?:=|%3D|%253D|\\u003d)[0-9a-f]{64}", re.IGNORECASE),
}


@pytest.fixture(scope="module", name="suite")
def _suite(tmp_path_factory: pytest.TempPathFactory, ready: dict[str, Any]) -> Suite:
    suite = Suite(tmp_path_factory.mktemp("suite") / "copy")
    write_environment(suite, ready)
    (suite.root / "no_redaction.py").write_text(
        "from vitals.redact import Redactor\n"
        "Redactor.text = Redactor.data = lambda self, value: value\n"
        "Redactor.header = lambda self, name, value: value\n"
        "Redactor.scan = lambda self, value: False\n"
    )
    return suite


def artifacts(ended: Ended) -> list[str]:
    """The names of the pictures and traces of a run."""
    assert ended.folder is not None
    return sorted(path.name for path in (ended.folder / "artifacts").glob("*"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "+".join(row.faults))
def test_a_fault_is_found_by_its_step_and_no_other(
    row: Row, ready: dict[str, Any], suite: Suite
) -> None:
    with faults_on(ready, *row.faults):
        ended = walked(suite, ready, *row.options)
    said = ended.out + ended.err
    findings = ended.findings
    wrong = {**dict.fromkeys(row.fails, "FAIL"), **dict.fromkeys(row.warned, "FAIL")}
    wrong |= {
        **dict.fromkeys(row.undecided, "INCONCLUSIVE"),
        **dict.fromkeys(row.blocked, "BLOCKED"),
    }
    assert outcomes(ended) == {**dict.fromkeys(findings, "PASS"), **wrong}, said
    assert len(findings) == 7
    for symbol, words in (("✗", row.fails), ("?", row.undecided), ("!", row.warned)):
        for title, pattern in words.items():
            line = ended.line(title)
            assert line.startswith(symbol), said
            assert re.search(pattern, line), line
    assert {title: findings[title]["blocked_by"] for title in row.blocked} == row.blocked
    assert ended.record["verdict"]["incident"] == row.level
    assert ended.code == ended.record["verdict"]["exit_code"] == row.code
    assert "Traceback" not in said
    assert open_tasks(ready) == []
    assert any(line.startswith(NOTHING_OPEN) for line in ended.lines) is row.is_asked, said
    assert_there_is_something_to_look_at(ended, row)


def assert_there_is_something_to_look_at(ended: Ended, row: Row) -> None:
    """Each red step has its events, and pictures and a trace of who took part."""
    names = artifacts(ended)
    for step, title in STEPS.items():
        if title not in row.fails or title in row.unpictured:
            continue
        finding = ended.findings[title]
        own = [name for name in names if name.startswith(f"{step}-")]
        assert any(name.endswith(".jpg") for name in own), names
        assert any(name.endswith(".trace.zip") for name in own), names
        assert {f"artifacts/{name}" for name in own} == set(finding["artifacts"])
        assert finding["evidence"]
        below = ended.lines[ended.lines.index(ended.line(title)) :]
        assert any(line.strip().startswith("seen ") for line in below[:8]), below


def test_steps_stand_on_the_health_of_the_api(ready: dict[str, Any], suite: Suite) -> None:
    with faults_on(ready, "database-gone"):
        ended = walked(suite, ready, paths=("checks", "smoke"))
    assert ended.code == 1
    assert ended.line("API Health").startswith("✗ API Health: FAILED (expected 200, got 503")
    for title in (LOGIN, DASHBOARD, CREATE, UPLOAD, COMPLETE, LIVE):
        assert ended.line(title) == f"– {title}: BLOCKED (by API Health)"  # noqa: RUF001 - the sign of BLOCKED
    assert ended.record["verdict"]["incident"] == "P1"
    assert open_tasks(ready) == []


def leaks(ended: Ended, secrets: dict[str, str]) -> set[tuple[str, str]]:
    """What of the secrets stands in what a run left, traces unpacked, by kind of file."""
    assert ended.folder is not None
    texts = [("out", ended.out + ended.err)]
    for path in ended.folder.rglob("*.*"):
        texts += [(_kind(path), content) for content in _contents(path)]
    found = {(k, name) for k, text in texts for name, sign in SIGNS.items() if sign.search(text)}
    return found | {(k, name) for k, text in texts for name, one in secrets.items() if one in text}


def _kind(path: Path) -> str:
    return "trace" if path.suffix == ".zip" else path.suffix


def _contents(path: Path) -> list[str]:
    if path.suffix != ".zip":
        return [path.read_bytes().decode("latin-1")]
    with zipfile.ZipFile(path) as parts:
        return [parts.read(part).decode("latin-1") for part in parts.namelist()]


def test_no_secret_is_in_what_a_red_run_leaves(ready: dict[str, Any], suite: Suite) -> None:
    secrets = secrets_of(ready)
    password = next(name for name in secrets if "PASSWORD" in name)
    with faults_on(ready, "init-data-refused"):
        plain = walked(suite, ready, "--tracing", "on", "-p", "no_redaction", "-k", "login or dash")
        clean = walked(suite, ready, "--tracing", "on", "-k", "login or dash")
    assert clean.code == plain.code == 1, clean.out + plain.out
    assert any(name.endswith(".trace.zip") for name in artifacts(clean))
    assert leaks(clean, secrets) == set()
    assert {("trace", name) for name in ("a token", "init data", password)} <= leaks(plain, secrets)
