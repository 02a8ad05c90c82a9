"""Switches faults of a running stand-in, and holds them to showing and to going."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

HEALTH = "/api/v1/health"
ELSEWHERE = "http://127.0.0.9:9/"

Ready = dict[str, Any]
"""What the READY line says."""
Witness = Callable[[Ready], None]
"""Raises AssertionError when its fault does not show."""


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=10.0)


def put(url: str) -> httpx.Response:
    return httpx.put(url, trust_env=False)


def switch(ready: Ready, name: str, *, on: bool) -> None:
    url = f"{ready['control']}/faults/{name}"
    answer = httpx.request("PUT" if on else "DELETE", url, trust_env=False)
    assert answer.is_success
    assert (name in answer.json()["active"]) is on


@contextmanager
def switched(ready: Ready, *names: str) -> Iterator[None]:
    for name in names:
        switch(ready, name, on=True)
    try:
        yield
    finally:
        for name in names:
            switch(ready, name, on=False)


def asset_paths(ready: Ready, ending: str) -> list[str]:
    page = get(ready["web"] + "/auth").text
    return [path for path in re.findall(r'"(/_next/[^"]+)"', page) if path.endswith(ending)]


def assert_shows_and_goes(ready: Ready, name: str, witness: Witness) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        witness(ready)  # a witness that a healthy stand-in convinces is no witness
    with switched(ready, name):
        witness(ready)
    assert_is_healthy(ready)


def assert_is_healthy(ready: Ready) -> None:
    assert get(ready["control"] + "/faults").json()["active"] == {}
    for url in (ready["api"] + HEALTH, ready["web"] + HEALTH):
        answer = get(url)
        assert answer.status_code == 200
        assert answer.json()["data"]["status"] == "ok"
    assert "VendHub Admin" in get(ready["web"] + "/auth").text
    assert get(ready["web"] + "/dashboard").headers["location"] == "/auth?redirect=%2Fdashboard"
    for path in asset_paths(ready, ""):
        expected = "text/css" if path.endswith("css") else "application/javascript"
        answer = get(ready["web"] + path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(expected)
        assert "immutable" in answer.headers["cache-control"]
