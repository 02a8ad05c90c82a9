"""`vitals verify`: an edited record is found out, and what is no record is refused."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING

import pytest
from demo_runs import RED
from hypothesis import example, given, settings
from hypothesis import strategies as st
from suite_run import Suite

from vitals import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from suite_run import Ended

    Document = dict[str, Any]

QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None)


@pytest.fixture(scope="module", name="red")
def _red(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    return Suite(tmp_path_factory.mktemp("suite") / "copy").run(*RED)


def verify(path: Path) -> int:
    """What `vitals verify` answers."""
    return cli.main(["verify", str(path)])


def _code(record: Document) -> None:
    record["verdict"]["exit_code"] = 6


def _green_code(record: Document) -> None:
    record["verdict"]["exit_code"] = 0


def _outcomes(record: Document) -> None:
    for finding in record["findings"]:
        if finding["severity"] == "critical" and finding["outcome"] == "FAIL":
            finding["outcome"] = "PASS"


def _no_findings(record: Document) -> None:
    record["findings"] = []


def _level(record: Document) -> None:
    record["verdict"]["incident"] = "P4"


def _sent(record: Document) -> None:
    record["counts"]["sent"] += 1


def _counted(record: Document) -> None:
    record["counts"]["counted"] -= 1


def _planned(record: Document) -> None:
    record["counts"]["planned"] = 0


def _status(record: Document) -> None:
    record["run"]["status"] = "INTERRUPTED"


def _prober(record: Document) -> None:
    record["prober"]["broken"] = "no network"


def _word(record: Document) -> None:
    record["findings"][0]["outcome"] = "FINE"


EDITS = (
    _code, _green_code, _outcomes, _no_findings, _level, _sent, _counted, _planned, _status,
    _prober, _word,
)  # fmt: skip


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__.strip("_"))
def test_a_record_that_was_edited_is_found_out(
    edit: Callable[[Document], None],
    red: Ended,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    record = deepcopy(red.record)
    edit(record)
    path = tmp_path / "run.json"
    path.write_text(json.dumps(record))
    assert verify(path) == 1
    assert "✗ " in capsys.readouterr().out


NONSENSE = {
    "empty": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "another document": b'{"schema": 1}',
    "deep": b"[" * 200_000,
    "a long number": b"9" * 5000,
    "binary": bytes(range(256)),
    "no Unicode": b'{"schema": "\xff"}',
}


@pytest.mark.parametrize("content", NONSENSE.values(), ids=NONSENSE)
def test_what_is_no_record_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    assert verify(path) == 4


def test_a_record_that_cannot_be_read_is_refused(
    red: Ended, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(tmp_path / "no-such.json") == 4
    assert verify(tmp_path) == 4
    path = tmp_path / "run.json"
    changes: list[Document] = [
        {"schema": 2}, {"counts": None}, {"findings": [{}]}, {"verdict": {}},
    ]  # fmt: skip
    for change in changes:
        path.write_text(json.dumps({**red.record, **change}))
        assert verify(path) == 4
    assert "Traceback" not in capsys.readouterr().err


@given(st.data())
@QUICK
def test_damage_is_never_taken_for_health(
    tmp_path_factory: pytest.TempPathFactory, red: Ended, data: st.DataObject
) -> None:
    """Whatever happens to a red record, it does not crash the reader and turns it green never."""
    assert red.folder is not None
    whole = (red.folder / "run.json").read_bytes()
    start = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(start, min(start + 400, len(whole))))
    path = tmp_path_factory.getbasetemp() / "damaged.json"
    path.write_bytes(whole[:start] + data.draw(st.binary(max_size=8)) + whole[end:])
    code = verify(path)
    assert code in {0, 1, 4}
    if code == 0:
        assert json.loads(path.read_bytes())["verdict"]["exit_code"] == 1


@given(st.binary(max_size=300))
@QUICK
@example(b'{"schema":1,"run":null}')
def test_any_bytes_are_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(content)
    assert verify(path) == 4
