"""`run.json`: its shape, its sums, its verdict reached again, and no secret in it or beside it."""

from __future__ import annotations

import base64
import html
import json
import re
from contextlib import contextmanager
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from suite_run import REPOSITORY, Suite, environment_text

from vitals import cli
from vitals.record.read import json_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from suite_run import Ended

    Document = dict[str, Any]

NO_GATES = "response_time=[]"
"""Their samples take five seconds; one of the runs has them."""
QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None)


@pytest.fixture(scope="module", name="suite")
def _suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    return Suite(tmp_path_factory.mktemp("suite") / "copy")


@pytest.fixture(scope="module", name="green")
def _green(suite: Suite) -> Ended:
    return suite.run("checks", "--env", "demo")


@pytest.fixture(scope="module", name="red")
def _red(suite: Suite) -> Ended:
    faults = 'standin.faults=["database-gone", "cors-open", "docs-exposed"]'
    return suite.run("checks", "--env", "demo", "--set", faults, "--set", NO_GATES)


@pytest.fixture(name="ended", params=["green", "red"])
def _ended(request: pytest.FixtureRequest) -> Ended:
    ended: Ended = request.getfixturevalue(request.param)
    return ended


def verify(path: Path) -> int:
    """What `vitals verify` answers."""
    return cli.main(["verify", str(path)])


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
    assert verify(ended.folder / "run.json") == 0
    assert ended.lines[-1] in capsys.readouterr().out


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


CANARY = "kS9!d_x/Q2+zz\"w'&<7"
VARIABLE = "CANARY_KEY"


def in_base64(text: str) -> list[str]:
    """The part of its base64 that is the same whatever surrounds it, for each of the offsets."""
    content = text.encode()
    found = []
    for before in range(3):
        end = (before + len(content)) // 3 * 3
        encoded = base64.b64encode((bytes(before) + content)[:end]).decode()
        found.append(encoded[4 if before else 0 :])
    return found


SPELLINGS = sorted(
    {
        CANARY,
        quote(CANARY),
        quote(CANARY, safe=""),
        json.dumps(CANARY)[1:-1],
        json.dumps(json.dumps(CANARY)[1:-1])[1:-1],
        html.escape(CANARY),
        html.escape(json.dumps(CANARY)[1:-1]),
        repr(CANARY)[1:-1],
        *in_base64(CANARY),
        *in_base64(quote(CANARY, safe="")),
        *in_base64(json.dumps(CANARY)),
    }
)


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent: in the body, in headers, and in where it leads."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        key = self.headers.get("x-probe-key", "")
        encoded = base64.b64encode(key.encode()).decode()
        body = json.dumps(
            {
                "success": True,
                "data": {"status": key, "url": quote(key, safe=""), "base64": encoded},
                "timestamp": f"{key} {html.escape(key)}",
            }
        ).encode()
        leads_away = self.path.endswith("/live")
        self.send_response(302 if leads_away else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("x-echo", key)
        self.send_header("x-frame-options", encoded)
        if leads_away:
            self.send_header("location", f"http://127.0.0.9:9/?key={quote(key, safe='')}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - the names that the base class calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def echoing() -> Iterator[str]:
    """The URL of a server that echoes."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def leaks(ended: Ended) -> dict[str, list[str]]:
    """The spellings of the canary in what a run left, by where they stand."""
    assert ended.folder is not None
    left = {path.name: path.read_text("utf-8") for path in ended.folder.rglob("*.*")}
    assert {"run.json", "junit.xml", "report.html"} <= left.keys()
    texts = {"stdout": ended.out, "stderr": ended.err, **left}
    found = {
        name: [one for one in SPELLINGS if one in text or one in html.unescape(text)]
        for name, text in texts.items()
    }
    return {name: spellings for name, spellings in found.items() if spellings}


@pytest.fixture(scope="module", name="echoed")
def _echoed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Ended]:
    suite = Suite(tmp_path_factory.mktemp("echoed") / "copy")
    (suite.root / "checks" / "test_odd.py").write_text(
        "from vitals import Get, check\n\n"
        '@check("Odd", severity="warning", incident="P4", runbook="deploy#4",\n'
        '       health=Get("api", "/api/v1/health"))\n'
        "def test_odd(health):\n"
        "    print(health)\n"
        "    raise KeyError(health.text)\n"
    )
    (suite.root / "no_redaction.py").write_text(
        "from vitals.redact import Redactor\n"
        "Redactor.text = Redactor.data = lambda self, value: value\n"
        "Redactor.header = lambda self, name, value: value\n"
    )

    def run(*arguments: str) -> Ended:
        with echoing() as url:
            secret = f'[headers]\nx-probe-key = {{ env = "{VARIABLE}" }}\n'
            suite.write_environment("echo", environment_text({"api": url}, more=secret))
            return suite.run(
                "checks", "--env", "echo", "-rA", *arguments, environ={VARIABLE: CANARY}
            )

    return run


def test_a_secret_that_the_target_sends_back_is_in_nothing_that_is_left(
    echoed: Callable[..., Ended],
) -> None:
    ended = echoed()
    assert leaks(ended) == {}
    assert ended.code == 1
    assert f"${VARIABLE}" in ended.out
    assert f"${VARIABLE}" in json.dumps(ended.record)


def test_without_the_redactor_it_would_be_everywhere(echoed: Callable[..., Ended]) -> None:
    ended = echoed("-p", "no_redaction")
    assert {"stdout", "run.json", "junit.xml", "report.html"} <= leaks(ended).keys()
