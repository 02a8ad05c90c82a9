"""Faults of the pages and the build that the web serves, and of the API behind it, show and go."""

from collections.abc import Iterator

import pytest
from standin_fault import (
    ELSEWHERE,
    HEALTH,
    Ready,
    Witness,
    assert_shows_and_goes,
    asset_paths,
    get,
    switch,
)
from standin_process import running_standin

VERSION = "/api/v1/health/version"


@pytest.fixture(scope="module")
def standin() -> Iterator[Ready]:
    with running_standin("--no-limits") as ready:
        yield ready


def wrong_page(ready: Ready) -> None:
    answer = get(ready["web"] + "/auth")
    assert answer.status_code == 200
    assert "VendHub" not in answer.text


def asset(kind: str, status: int, content_type: str) -> Witness:
    def witness(ready: Ready) -> None:
        answers = [get(ready["web"] + path) for path in asset_paths(ready, kind)]
        assert (status, content_type) in {
            (answer.status_code, answer.headers["content-type"].partition(";")[0])
            for answer in answers
        }

    return witness


def wrong_api(ready: Ready) -> None:
    assert get(ready["web"] + HEALTH).status_code == 502
    assert get(ready["api"] + HEALTH).status_code == 200


def other_api(ready: Ready) -> None:
    mine, other = (get(ready[side] + VERSION).json()["data"] for side in ("api", "web"))
    assert mine["environment"] == "production"
    assert other["environment"] == "staging"


def dashboard_open(ready: Ready) -> None:
    answer = get(ready["web"] + "/dashboard")
    assert answer.status_code == 200
    assert 'id="main-content"' in answer.text


def dashboard_away(ready: Ready) -> None:
    answer = get(ready["web"] + "/dashboard")
    assert (answer.status_code, answer.headers.get("location")) == (307, ELSEWHERE)


def old_build(ready: Ready) -> None:
    old = asset_paths(ready, "")
    assert {get(ready["web"] + path).status_code for path in old} == {200}
    switch(ready, "web-old-build", on=False)
    new = asset_paths(ready, "")
    assert len(new) == len(old) == 4
    assert not set(new) & set(old)


WITNESSES: dict[str, Witness] = {
    "web-wrong-page": wrong_page,
    "web-script-missing": asset("js", 404, "text/html"),
    "web-style-wrong-type": asset("css", 200, "text/html"),
    "web-script-is-page": asset("js", 200, "text/html"),
    "web-wrong-api": wrong_api,
    "web-other-api": other_api,
    "web-old-build": old_build,
    "dashboard-open": dashboard_open,
    "dashboard-away": dashboard_away,
}


@pytest.mark.parametrize("name", WITNESSES)
def test_a_fault_shows_and_goes(standin: Ready, name: str) -> None:
    assert_shows_and_goes(standin, name, WITNESSES[name])
