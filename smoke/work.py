"""The work on the test task: a photo before, a photo after, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from smoke.pages.task_page import TaskPage
from smoke.people import at_the_web
from smoke.photo import unique_photo
from smoke.tasks import LOST
from vitals import Finding, require
from vitals.browser.answers import accepted, answer_of

if TYPE_CHECKING:
    from smoke.tasks import Task
    from vitals.browser.journey import Journey
    from vitals.browser.person import Person
    from vitals.probe.api import Answer

CLOCKS = timedelta(seconds=5)
"""By which the API's own moments may be off the one that its answer is dated with."""


@dataclass(frozen=True, slots=True)
class Photo:
    """What was sent, and where the storage says that it is."""

    content: bytes
    url: str


def photo_before(journey: Journey, task: Task) -> Photo:
    """The task in the operator's hands, with a photo that the storage gives back unchanged."""
    if journey.by_api:
        return photo_before_by_api(journey, task)
    manager, operator = at_the_web(journey, "manager"), at_the_web(journey, "operator")
    page = TaskPage(manager.page, journey.language)
    with manager.expecting(f"{task.number} to be handed to {operator.full_name}"):
        page.open(journey.environment.urls.web, task.id)
        page.wait_until_open(task.number)
        assigned = page.assign(operator.full_name)
    accepted(answer_of(assigned), "the task to be assigned", 201)
    page = TaskPage(operator.page, journey.language)
    with operator.expecting(f"{task.number} to be started by its operator"):
        page.open(journey.environment.urls.web, task.id)
        page.wait_until_open(task.number)
        started = page.start()
    accepted(answer_of(started), "the task to be started", 201)
    photo = _uploaded_in_page(journey, operator, page, "before")
    with operator.expecting("the photo to be told to the task, and shown"):
        operator.wait_for_call(f"/tasks/{task.id}/photo-before", method="POST")
        page.wait_for_photo("before")
    return _kept(journey, task, photo)


def photo_before_by_api(journey: Journey, task: Task) -> Photo:
    """The same through the API, in the browser sessions of the two."""
    manager, operator = at_the_web(journey, "manager"), at_the_web(journey, "operator")
    user = {"userId": journey.user("operator").get("id")}
    accepted(manager.fetch("POST", f"{task.path}/assign", data=user), "the task assigned", 201)
    accepted(operator.fetch("POST", f"{task.path}/start"), "the task started", 201)
    photo = _uploaded_by_api(journey, operator, "before")
    told = operator.fetch("POST", f"{task.path}/photo-before", data={"photoUrl": photo.url})
    accepted(told, "the photo to be told to the task", 201)
    return _kept(journey, task, photo)


def _uploaded_in_page(journey: Journey, operator: Person, page: TaskPage, which: str) -> Photo:
    content, name = unique_photo(), _file_name(journey, which)
    with journey.writing("file", name=name) as made:
        with operator.expecting(f"an answer of the storage to the photo {which}"):
            response = page.upload(
                which, {"name": name, "mimeType": "image/png", "buffer": content}
            )
        return _stored(answer_of(response), content, made)


def _uploaded_by_api(journey: Journey, operator: Person, which: str) -> Photo:
    content, name = unique_photo(), _file_name(journey, which)
    form = {
        "file": {"name": name, "mimeType": "image/png", "buffer": content},
        "folder": f"smoke/{journey.run_id}",
        "category": "image",
    }
    with journey.writing("file", name=name) as made:
        answer = operator.fetch("POST", "/api/v1/storage/upload", multipart=form)
        return _stored(answer, content, made)


def _file_name(journey: Journey, which: str) -> str:
    return f"vitals-{journey.run_id}-{which}.png"


def _stored(answer: Answer, content: bytes, made: Any) -> Photo:
    data = accepted(answer, "the photo to be uploaded", 201)
    made(key=str(data.get("key") or ""))
    require(
        bool(data.get("key") and data.get("url")),
        expected="key and url of the uploaded photo",
        observed=f"{sorted(data)[:8]}",
    )
    return Photo(content, str(data["url"]))


def _kept(journey: Journey, task: Task, photo: Photo) -> Photo:
    """The photo, once storage and task are known to hold it.

    Raises:
        Finding: the bytes differ from those that were sent, or the task names another file.
    """
    read = journey.read_back(photo.url)
    expected = f"the {len(photo.content)} bytes that were uploaded"
    if read.content is None:
        is_lost = read.status in {403, 404, 410}
        raise Finding(expected, read.words, incident=LOST if is_lost else "")
    if read.content != photo.content:
        observed = f"{len(read.content)} bytes that differ from them"
        raise Finding(expected, observed, incident=LOST)
    kept = accepted(journey.call("operator", "GET", task.path), task.number, 200)
    require(
        kept.get("photoBeforeUrl") == photo.url and kept.get("hasPhotoBefore") is True,
        expected=f"{task.number} with the uploaded photo as photoBeforeUrl",
        observed=f"{kept.get('photoBeforeUrl')!r}",
        incident=LOST,
    )
    return photo


def complete(journey: Journey, task: Task) -> int:
    """The task completed by its operator; gives the minutes that the API says it took."""
    operator = at_the_web(journey, "operator")
    if journey.by_api:
        photo = _uploaded_by_api(journey, operator, "after")
        told = {"photoUrl": photo.url, "completionNotes": journey.tag}
        answer = operator.fetch("POST", f"{task.path}/photo-after", data=told)
        accepted(answer, "the task to be completed", 201)
        return _completed(journey, task)
    page = TaskPage(operator.page, journey.language)
    with operator.expecting(f"the page of {task.number}"):
        if not operator.page.url.endswith(f"/dashboard/tasks/{task.id}"):
            page.open(journey.environment.urls.web, task.id)
        page.wait_until_open(task.number)
    _uploaded_in_page(journey, operator, page, "after")
    with operator.expecting("the photo after to be shown"):
        page.wait_for_photo("after")
    with operator.expecting(f"an answer to «{page.say('complete')}»"):
        response = page.complete(journey.tag)
    accepted(answer_of(response), "the task to be completed", 201)
    minutes = _completed(journey, task)
    with operator.expecting(f"{task.number} to be shown as {page.say('completed')}"):
        page.wait_for_completed()
    return minutes


def _completed(journey: Journey, task: Task) -> int:
    answer = journey.call("operator", "GET", task.path)
    stored = accepted(answer, task.number, 200)
    require(
        stored.get("status") == "completed",
        expected=f"{task.number} stored as completed, as its completion was answered",
        observed=f"{stored.get('status')}",
        incident=LOST,
    )
    journey.made["open task"] = False
    now = answer.at or datetime.now(UTC)
    started, ended = _moment(stored, "startedAt"), _moment(stored, "completedAt")
    require(
        started <= ended and abs(now - ended) <= timedelta(minutes=2) + CLOCKS,
        expected=f"completedAt between its start and {now:%H:%M:%S} UTC, when the API was asked",
        observed=f"{stored.get('completedAt')}",
        incident=LOST,
    )
    minutes = stored.get("actualDuration")
    taken = (ended - started) / timedelta(minutes=1)
    require(
        isinstance(minutes, int) and abs(minutes - taken) <= 1,
        expected=f"actualDuration of {taken:.1f} minutes, from startedAt to completedAt",
        observed=f"{minutes!r}",
        incident=LOST,
    )
    return int(minutes or 0)


def _moment(task: dict[str, Any], name: str) -> datetime:
    text = str(task.get(name) or "")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Finding(f"a moment {name}", repr(task.get(name)), incident=LOST)
    return moment
