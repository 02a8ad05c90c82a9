"""The stand-in's faults of time show what the catalogue says, and end as it says."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from standin_process import running_standin
from suite_run import faults_on

from standin.delays import Delays
from standin.faults import CATALOGUE, FaultError, Faults
from standin.latency import delay_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEALTH = "/api/v1/health"
LIVE = "/api/v1/health/live"

Ready = dict[str, Any]


@pytest.fixture(scope="module")
def standin() -> Iterator[Ready]:
    with running_standin("--no-limits") as ready:
        yield ready


def get(ready: Ready, path: str = HEALTH) -> httpx.Response:
    return httpx.get(ready["api"] + path, trust_env=False, timeout=10.0)


def seconds(ready: Ready, path: str = HEALTH) -> float:
    began = time.monotonic()
    assert get(ready, path).status_code == 200
    return time.monotonic() - began


def every_answer_is_late(ready: Ready) -> None:
    assert seconds(ready) >= 0.2
    assert seconds(ready, LIVE) >= 0.2


def some_answers_are_late(ready: Ready) -> None:
    late = [seconds(ready) >= 0.15 for _ in range(12)]
    assert {True, False} == set(late)


def one_route_is_late(ready: Ready) -> None:
    assert seconds(ready, LIVE) >= 0.2
    assert seconds(ready) < 0.15


def all_is_answered_at_once_at_the_end(ready: Ready) -> None:
    began = time.monotonic()
    with ThreadPoolExecutor(3) as threads:
        ends = list(threads.map(lambda path: (get(ready, path), time.monotonic()), [HEALTH, LIVE]))
    assert all(0.4 < end - began < 1.0 for _, end in ends)
    assert seconds(ready) < 0.15, "it has ended by itself"


def an_edge_is_out_of_service(ready: Ready) -> None:
    answer = get(ready)
    assert (answer.status_code, answer.headers["content-type"][:9]) == (503, "text/html")
    assert "x-ratelimit-limit-short" not in answer.headers


def the_product_throttles(ready: Ready) -> None:
    answer = get(ready)
    assert (answer.status_code, answer.json()["errorCode"]) == (429, "TOO_MANY_REQUESTS")
    assert answer.headers["retry-after-short"] == "1"
    assert "retry-after" not in answer.headers


WITNESSES: dict[str, Callable[[Ready], None]] = {
    "api-latency=constant:200": every_answer_is_late,
    "api-latency=lognormal:300:0.1": every_answer_is_late,
    "api-latency=bimodal:1:200:0.5": some_answers_are_late,
    f"route-latency={LIVE}:constant:200": one_route_is_late,
    "api-freeze=0.5": all_is_answered_at_once_at_the_end,
    "api-edge-503": an_edge_is_out_of_service,
    "api-throttles": the_product_throttles,
}


@pytest.mark.parametrize("fault", WITNESSES)
def test_a_fault_shows_and_goes(standin: Ready, fault: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        WITNESSES[fault](standin)  # a witness that a healthy stand-in convinces is no witness
    with faults_on(standin, fault):
        WITNESSES[fault](standin)
    assert seconds(standin) < 0.15


def test_each_fault_of_time_has_a_witness() -> None:
    ours = {name for name, fault in CATALOGUE.items() if fault.group == "latency"}
    assert {fault.partition("=")[0] for fault in WITNESSES} == ours


def test_a_fault_that_ends_is_off_by_itself() -> None:
    now = 100.0
    faults = Faults(["api-edge-503=2", "api-throttles=0"], clock=lambda: now)
    assert set(faults.active) == {"api-edge-503", "api-throttles"}
    assert faults.left("api-edge-503") == 2.0
    now = 102.0
    assert not faults.on("api-edge-503")
    assert set(faults.active) == {"api-throttles"}
    faults.turn_on("api-edge-503", "1")
    assert faults.on("api-edge-503")


def test_delays_are_the_same_in_each_process() -> None:
    first, second = (Delays(Faults(["api-latency=lognormal:100:1"])) for _ in range(2))
    drawn = [first._seconds(HEALTH) for _ in range(100)]
    assert drawn == [second._seconds(HEALTH) for _ in range(100)]
    assert len(set(drawn)) == 100


def test_a_lognormal_delay_has_its_median() -> None:
    chance, delay = Random(1), delay_of("lognormal:120:0.5")  # noqa: S311 - a simulation
    drawn = sorted(delay(chance) for _ in range(2001))
    assert drawn[1000] == pytest.approx(0.12, rel=0.06)


@pytest.mark.parametrize(
    "argument",
    [
        "api-latency=fast",
        "api-latency=constant:-1",
        "api-latency=constant:1:2",
        "api-latency=bimodal:1:2:3",
        "api-latency=lognormal:0:1",
        "api-latency=constant:nan",
        "route-latency=constant:5",
        "route-latency=/x:often",
        "api-freeze=long",
    ],
)
def test_a_value_that_cannot_be_is_refused(argument: str) -> None:
    with pytest.raises(FaultError, match=f"fault {argument.partition('=')[0]} takes "):
        Faults([argument])
