"""Real-time updates: what one person does reaches another without being asked for."""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING

from smoke import tasks
from smoke.pages.task_list import TaskList
from smoke.people import at_the_web
from vitals import Finding, require
from vitals.browser.answers import accepted
from vitals.browser.listener import listen

if TYPE_CHECKING:
    from vitals.browser.journey import Journey
    from vitals.browser.person import Person

HELLO = "notifications:init"
NEWS = "notifications:new"
OPEN_WITHIN_MS = 6000.0


def listen_only(journey: Journey) -> str:
    """A websocket that is open and welcomed, where nothing may be written."""
    who = next(name for name in ("operator", "manager") if _can_come(journey, name))
    person = _known(journey, who)
    if journey.by_api:
        _listen(journey, person)
    else:
        person = at_the_web(journey, who)
        with person.expecting("the list of tasks"):
            TaskList(person.page, journey.language).open(journey.environment.urls.web)
        _wait_for_hello(person)
    return "OK (listening only: smoke.writes is false)"


def watch_a_task_appear(journey: Journey) -> str:
    """The manager saves a task, and the operator's list has it: told by websocket, not reloaded."""
    journey.needs("login", "create_task")
    manager, operator = at_the_web(journey, "manager"), at_the_web(journey, "operator")
    tasks.make_room(journey)
    web, limit = journey.environment.urls.web, journey.environment.smoke.real_time_ms / 1000
    listed = TaskList(operator.page, journey.language)
    with operator.expecting("the operator's list of tasks"):
        listed.open(web)
    _wait_for_hello(operator)
    mark = secrets.token_hex(8)
    operator.page.evaluate("mark => { window.vitalsMark = mark; }", mark)
    with manager.expecting("the manager's list of tasks"):
        TaskList(manager.page, journey.language).open(web)
    since = time.monotonic()
    task = tasks.create_in_form(journey, manager)
    done = time.monotonic()
    try:
        with operator.expecting(
            f"{task.number} in the operator's list within {limit:g} s, without a reload",
            within_ms=limit * 1000,
        ):
            listed.wait_for_task(task.number)
    except Finding as finding:
        raise _why_unseen(operator, task.number, since, done, finding) from None
    shown = time.monotonic()
    require(
        operator.page.evaluate("window.vitalsMark") == mark,
        expected=f"{task.number} in the operator's page without a reload",
        observed="a page that was loaded anew",
    )
    frame = operator.recorder.heard(task.number, since)
    if frame is None:
        raise Finding(
            f"{task.number} told to the operator over a websocket",
            "it was shown, but no websocket brought it (the page asks again and again)",
        )
    delay = max(shown - done, 0.0)
    require(delay <= limit, expected=f"it within {limit:g} s", observed=f"it after {delay:.1f} s")
    return f"OK (shown after {delay:.2f} s)"


def notify(journey: Journey) -> str:
    """A notification by the manager reaches the operator's websocket."""
    manager, operator = at_the_web(journey, "manager"), _known(journey, "operator")
    _listen(journey, operator)
    limit = journey.environment.smoke.real_time_ms / 1000
    title = f"Smoke test {journey.run_id}"
    message = {
        "title": title,
        "body": f"{journey.tag} A test after a deploy.",
        "type": "system",
        "userId": journey.user("operator").get("id"),
    }
    since = time.monotonic()
    with journey.writing("notification", title=title) as made:
        answer = manager.fetch("POST", "/api/v1/notifications", data=message)
        sent = str(accepted(answer, "the notification to be created", 201).get("id") or "")
        made(id=sent)
    require(bool(sent), expected="a notification with an id", observed="one without")
    done = time.monotonic()
    with operator.expecting(
        f"{NEWS} at the operator's websocket within {limit:g} s", within_ms=limit * 1000
    ):
        frame = operator.wait_for_frame(json.dumps(sent), since)
    return f"OK (by API: a notification heard after {max(frame.at - done, 0.0):.2f} s)"


def _why_unseen(
    operator: Person, number: str, since: float, done: float, finding: Finding
) -> Finding:
    frame = operator.recorder.heard(number, since)
    if frame is None:
        told = "no event about it came over the operator's websocket"
    else:
        after = max(frame.at - done, 0.0)
        told = f"its event came by websocket after {after:.2f} s, and the page does not show it"
    return Finding(finding.expected, told, evidence=finding.evidence)


def _listen(journey: Journey, person: Person) -> None:
    with person.expecting("a page to listen in", within_ms=OPEN_WITHIN_MS):
        listen(person, journey.environment)
    _wait_for_hello(person)


def _wait_for_hello(person: Person) -> None:
    with person.expecting(
        f"a websocket of {person.name} that is welcomed by {HELLO}", within_ms=OPEN_WITHIN_MS
    ):
        person.wait_for_frame(HELLO, person.deadline.began)


def _known(journey: Journey, name: str) -> Person:
    """A person with a session, wherever it was opened."""
    person = journey.person(name)
    return person if person.account else at_the_web(journey, name)


def _can_come(journey: Journey, name: str) -> bool:
    who = journey.environment.identities.get(name)  # type: ignore[call-overload]  # a known name
    return journey.has_stored_session(name) or bool(who and who.can_log_in)
