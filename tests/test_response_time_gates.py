"""Response times over real sockets, with the stand-in's rate limits: what each fault comes to."""

from __future__ import annotations

import re
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from standin_process import running_standin
from suite_run import PATIENCE_S, Suite, faults_on

from vitals.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from suite_run import Ended

READY = "/api/v1/health/ready"
LIVE = "/api/v1/health/live"
ROUTES = (READY, "/api/v1/health", LIVE, "/api/v1/health/version")
TITLE = "API Response Time"
STOPPED_S = 1.5

ENVIRONMENT = """
description = "a stand-in of a test"
[urls]
api = "{api}"
[deadlines]
probe_ms = 6000
[[response_time]]
name = "API Response Time"
routes = {routes}
limit_ms = {limit_ms}
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is done to a stand-in, and what the run says of it.

    Attributes:
        before: a fault that is on from the start.
        midway: one that is switched on when a quarter of the samples is there.
        says: a pattern of the gate's line.
        holds: what else is true of the gate in the record, and of its samples.
    """

    before: str = ""
    midway: str = ""
    limit_ms: int = 1000
    code: int = 0
    says: str
    holds: Callable[[Mapping[str, Any], list[dict[str, Any]]], bool] = field(
        default=lambda _gate, _samples: True
    )


def planned(samples: list[dict[str, Any]]) -> list[float]:
    return [sample["plan"]["planned"] for sample in samples]


def is_decided_within(seconds: float) -> Callable[[Mapping[str, Any], list[dict[str, Any]]], bool]:
    """No request is planned any more so long after the first."""
    return lambda _gate, samples: max(planned(samples)) - min(planned(samples)) <= seconds


def is_decided_soon_and_warm(gate: Mapping[str, Any], samples: list[dict[str, Any]]) -> bool:
    """Six seconds are enough, and the first sample did not have to open its connection."""
    return is_decided_within(6.0)(gate, samples) and not samples[0]["phases"].get("connect")


def is_a_stall_of_two_seconds(gate: Mapping[str, Any], samples: list[dict[str, Any]]) -> bool:
    waited = [(sample["plan"]["planned"], sample["plan"]["elapsed"]) for sample in samples]
    ends = [at + seconds for at, seconds in waited if seconds is not None and seconds > 0.2]
    return (
        1.8 < gate["observed"]["max"] < 2.1
        and len(ends) >= 20
        and max(ends) - min(ends) < 0.2  # each lasted until the stall was over, no longer
    )


def is_throttled(gate: Mapping[str, Any], _samples: list[dict[str, Any]]) -> bool:
    return bool(gate["throttled"] >= 1 and gate["exceedances"] == 0)


CASES = {
    "healthy": Case(
        says=r"✓ API Response Time: 0\.\d+s \(< 1s\) · p95 of 74, at most",
        holds=is_decided_soon_and_warm,
    ),
    "half too slow": Case(
        before="api-latency=bimodal:5:1500:0.5",
        code=1,
        says=r"✗ API Response Time: FAILED .* above 1s",
        holds=is_decided_within(2.0),
    ),
    "a stall": Case(
        midway="api-freeze=2",
        limit_ms=5000,
        says=r"✓ API Response Time: ",
        holds=is_a_stall_of_two_seconds,
    ),
    "goes down": Case(
        midway="api-down",
        code=1,
        says=r"✗ API Response Time: FAILED .* \d+ without a usable answer",
    ),
    "one slow route": Case(
        before=f"route-latency={LIVE}:constant:1500",
        code=1,
        says=rf"✗ API Response Time: FAILED .*{LIVE} alone fails it",
        holds=lambda gate, _: gate["failed_route"] == LIVE,
    ),
    "nobody behind the edge": Case(
        midway="api-edge-503",
        code=1,
        says=r"✗ API Response Time: FAILED .* \d+ without a usable answer",
    ),
    "throttled by the edge": Case(
        midway="api-edge-503=1", says=r"✓ API Response Time: .*, \d+ throttled", holds=is_throttled
    ),
    "throttled by the product": Case(
        midway="api-throttles=1", says=r"✓ API Response Time: .*, \d+ throttled", holds=is_throttled
    ),
}


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    return Suite(tmp_path_factory.mktemp("suite") / "root")


@pytest.fixture
def standin() -> Iterator[dict[str, Any]]:
    with running_standin() as ready:
        yield ready


def asked(ready: Mapping[str, Any], status: str = "") -> int:
    """How many requests the stand-in itself has counted, of all but this question."""
    metrics = httpx.get(
        ready["api"] + "/api/v1/metrics",
        headers={"x-metrics-token": ready["metrics_token"]},
        trust_env=False,
    ).text
    pattern = rf'^http_requests_total\{{.*path="/api/v1/health.*status="{status or ".*"}"\}} (.+)$'
    return int(sum(map(float, re.findall(pattern, metrics, re.MULTILINE))))


def until_midway(ready: Mapping[str, Any]) -> None:
    """Wait until the samples of the gate are coming."""
    deadline = time.monotonic() + PATIENCE_S
    while asked(ready) < 16:
        assert time.monotonic() < deadline
        time.sleep(0.15)  # the stand-in's own limits hold for this question too


def gate_of(ended: Ended) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    gate = next(gate for gate in ended.record["gates"] if gate["name"] == TITLE)
    series = (probe for probe in ended.record["probes"] if probe["label"] == gate["samples"])
    return gate, next(series)["samples"]


def record_of(ended: Ended) -> Path:
    assert ended.folder is not None
    return ended.folder / "run.json"


def write_environment(suite: Suite, ready: Mapping[str, Any], limit_ms: int = 1000) -> None:
    text = ENVIRONMENT.format(api=ready["api"], routes=list(ROUTES), limit_ms=limit_ms)
    suite.write_environment("speed", text)


COMMAND = ("checks", "-k", "response", "--env", "speed")


@pytest.mark.parametrize("name", CASES)
def test_a_fault_of_time_comes_to(suite: Suite, standin: dict[str, Any], name: str) -> None:
    case = CASES[name]
    write_environment(suite, standin, case.limit_ms)
    with faults_on(standin, *filter(None, [case.before])), suite.started(*COMMAND) as running:
        if case.midway:
            until_midway(standin)
        with faults_on(standin, *filter(None, [case.midway])):
            ended = running.wait()
    assert re.search(case.says, ended.line(TITLE)), ended.out
    assert ended.code == case.code
    gate, samples = gate_of(ended)
    assert case.holds(gate, samples), gate
    assert main(["verify", str(record_of(ended))]) == 0
    counts = ended.record["counts"]
    assert counts["planned"] == len(samples)
    assert counts["answered"] + counts["failed"] == (
        counts["counted"] + counts["throttled"] + counts["set_aside"] + counts["after_verdict"]
    )
    if "throttled" not in name:
        assert gate["throttled"] == counts["throttled"] == asked(standin, "429") == 0


def test_a_starved_prober_says_nothing_of_the_product(
    suite: Suite, standin: dict[str, Any]
) -> None:
    """A run that is stopped for a while, as by a machine without time for it."""
    write_environment(suite, standin)
    with suite.started(*COMMAND) as running:
        until_midway(standin)
        running.process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(STOPPED_S)  # this is what is tested
        finally:
            running.process.send_signal(signal.SIGCONT)
        ended = running.wait()
    assert ended.code == 7, ended.out
    assert "late by the prober itself" in ended.out
    assert main(["verify", str(record_of(ended))]) == 0
    assert gate_of(ended)[0]["is_starved"]
