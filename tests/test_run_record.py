"""`run.json`: its shape, its sums, its verdict reached again, and JUnit that tells the same."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from demo_runs import GREEN, RED
from jsonschema import Draft202012Validator
from suite_run import REPOSITORY, Suite

from vitals import cli
from vitals.record.read import json_schema

if TYPE_CHECKING:
    from suite_run import Ended


@pytest.fixture(scope="module", name="suite")
def _suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    return Suite(tmp_path_factory.mktemp("suite") / "copy")


@pytest.fixture(scope="module", name="green")
def _green(suite: Suite) -> Ended:
    return suite.run(*GREEN)


@pytest.fixture(scope="module", name="red")
def _red(suite: Suite) -> Ended:
    return suite.run(*RED)


@pytest.fixture(name="ended", params=["green", "red"])
def _ended(request: pytest.FixtureRequest) -> Ended:
    ended: Ended = request.getfixturevalue(request.param)
    return ended


def test_the_schema_in_the_docs_is_the_one_of_the_code() -> None:
    written = json.loads((REPOSITORY / "docs" / "run.schema.json").read_bytes())
    assert written == json_schema()


def test_a_record_is_valid(ended: Ended) -> None:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(ended.record)


def test_a_record_says_which_run_it_is(ended: Ended, green: Ended) -> None:
    record = ended.record
    assert ended.folder is not None
    started = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["run"]["started"])
    assert started
    compact = re.sub(r"[-:]|\.\d+", "", started.group())
    assert ended.folder.name == f"{compact}-{record['run']['id']}"
    assert record["schema"] == 1
    assert record["environment"]["name"] == "demo"
    assert record["environment"]["urls"]["api"].startswith("https://127.0.0.")
    is_red = ended is not green
    assert record["environment"]["label"] == ("demo (overridden)" if is_red else "demo")
    assert bool(record["overrides"]) is is_red
    assert record["verdict"]["exit_code"] == ended.code == int(is_red)
    assert record["verdict"]["sentence"] == ended.lines[-1]
    assert [build["version"] for build in record["builds"] if build["surface"] == "api"] == [
        "2.4.0"
    ]


def test_every_request_is_in_the_sums_once(ended: Ended) -> None:
    counts = ended.record["counts"]
    samples = [sample for probe in ended.record["probes"] for sample in probe["samples"]]
    assert counts["sent"] == len(samples) > 30
    assert counts["planned"] == counts["sent"] + counts["not_sent"]
    assert counts["sent"] == counts["answered"] + counts["failed"] + counts["unresolved"]
    assert counts["answered"] + counts["failed"] == (
        counts["counted"] + counts["throttled"] + counts["set_aside"] + counts["after_verdict"]
    )
    assert counts["answered"] == sum(sample["kind"] == "answered" for sample in samples)
    assert counts["throttled"] == 0


def test_a_finding_leads_to_its_probes(ended: Ended) -> None:
    probes = {probe["label"] for probe in ended.record["probes"]}
    for finding in ended.record["findings"]:
        assert finding["probes"]
        single = {label for label in finding["probes"] if not label.startswith(("page ", "gate "))}
        assert single <= probes or finding["outcome"] == "OFF"


def test_a_records_verdict_can_be_reached_again(
    ended: Ended, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended.folder is not None
    assert cli.main(["verify", str(ended.folder / "run.json")]) == 0
    assert ended.lines[-1] in capsys.readouterr().out


def test_junit_tells_the_same_as_the_record(ended: Ended) -> None:
    assert ended.folder is not None
    root = ET.fromstring((ended.folder / "junit.xml").read_bytes())  # noqa: S314 - our own file
    (suite,) = root
    findings = ended.record["findings"]
    by_title = {}
    for case in suite:
        title = case.find("properties/property[@name='title']")
        assert title is not None
        by_title[title.get("value", "")] = case
    assert by_title.keys() == ended.findings.keys()
    failures = [
        finding["title"]
        for finding in findings
        if finding["outcome"] in {"INCONCLUSIVE", "BLOCKED"}
        or (finding["outcome"] == "FAIL" and finding["severity"] == "critical")
    ]
    skipped = [f["title"] for f in findings if f["outcome"] in {"OFF", "KNOWN GAP"}]
    assert sorted(t for t, case in by_title.items() if case.find("failure") is not None) == sorted(
        failures
    )
    expected = {
        "tests": len(findings), "failures": len(failures), "errors": 0, "skipped": len(skipped),
    }  # fmt: skip
    assert {name: int(suite.get(name, "-1")) for name in expected} == expected
    for finding in findings:
        failure = by_title[finding["title"]].find("failure")
        if failure is not None and finding["outcome"] != "FAIL":
            assert failure.get("message", "").startswith(finding["outcome"])
