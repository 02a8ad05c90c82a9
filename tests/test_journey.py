"""What steps share is made once, and what a login brought is looked at before anybody is let in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from vitals.browser.deadline import Deadline
from vitals.browser.errors import BlockedError
from vitals.browser.journey import Journey
from vitals.browser.person import Person
from vitals.browser.recorder import Recorder
from vitals.journal.entries import Journal
from vitals.journal.folder import state_folder
from vitals.probe.api import Answer
from vitals.verdict.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vitals.browser.browsing import Browsing
    from vitals.environment import Environment

TOKENS = {"accessToken": "canary-access-token", "refreshToken": "canary-refresh-token"}


class Nowhere:
    """A tab of somebody who does not go anywhere."""

    context = page = None
    recorder = Recorder()


def no_browser() -> Browsing:
    raise AssertionError("no browser is needed")


@pytest.fixture(name="learned")
def _learned() -> dict[str, str]:
    return {}


@pytest.fixture(name="journey")
def _journey(where: Environment, state: Path, learned: dict[str, str]) -> Iterator[Journey]:
    with Journal.begin(state_folder(where), "run001") as journal:
        yield Journey(
            environment=where,
            run_id="run001",
            started=datetime.now(UTC),
            journal=journal,
            browse=no_browser,
            learn=learned.__setitem__,
        )
    assert state.exists()


def log_in(journey: Journey, answer: Answer) -> Any:
    tab: Any = Nowhere()
    person = Person("manager", journey.environment, tab, Deadline(5.0))
    with journey.opening_session(person) as opened:
        return opened(answer)


@pytest.mark.parametrize("user", [None, {}, {"firstName": "Malika"}, "Malika"])
def test_a_login_that_names_nobody_is_a_finding_and_its_session_is_known(
    journey: Journey, learned: dict[str, str], user: Any
) -> None:
    with pytest.raises(Finding, match="expected the user, with an id"):
        log_in(journey, Answer(status=200, document={"data": {**TOKENS, "user": user}}))
    (entry,) = journey.journal.entries()
    assert entry.text("access_token") == TOKENS["accessToken"]
    assert set(learned.values()) == set(TOKENS.values())


def test_a_login_without_a_token_is_a_finding(journey: Journey) -> None:
    with pytest.raises(Finding, match="expected an access token"):
        log_in(journey, Answer(status=200, document={"data": {"user": {"id": "1"}}}))


def test_a_throttled_login_decides_nothing(journey: Journey) -> None:
    with pytest.raises(Finding) as found:
        log_in(journey, Answer(status=429, words="429 TOO_MANY_REQUESTS"))
    assert found.value.outcome == "INCONCLUSIVE"


def test_what_failed_once_blocks_by_the_step_in_which_it_did(journey: Journey) -> None:
    def fail() -> NoReturn:
        raise Finding("a task", "none")

    journey.begin("create_task", "Create a test task")
    with pytest.raises(Finding):
        journey.once("task", fail)
    journey.begin("upload_photo", "Upload a photo")
    with pytest.raises(BlockedError, match=r"^Create a test task$"):
        journey.once("task", lambda: "a task")
    assert journey.once("photo", lambda: 1) == journey.once("photo", lambda: 2) == 1
