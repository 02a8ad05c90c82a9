"""The test task: created, photographed and completed, in the pages or through the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from smoke.pages.dashboard import Dashboard
from smoke.pages.task_form import TaskForm
from smoke.pages.task_list import TaskList
from smoke.pages.task_page import TaskPage
from smoke.people import at_the_web
from smoke.photo import unique_photo
from vitals import Finding, require
from vitals.browser.answers import accepted, answer_of

if TYPE_CHECKING:
    from vitals.browser.journey import Journey
    from vitals.browser.person import Person
    from vitals.probe.api import Answer

SENT_WITHIN_MS = 5000.0
CLOCKS = timedelta(seconds=5)
"""By which the API's own moments may be off the one that its answer is dated with."""

LOST = "P1"  # what is stored differs from what was sent


@dataclass(frozen=True, slots=True)
class Task:
    """A task of this run: its id and its number."""

    id: str
    number: str

    @property
    def path(self) -> str:
        """Where the API has it."""
        return f"/api/v1/tasks/{self.id}"


@dataclass(frozen=True, slots=True)
class Photo:
    """What was sent, and where the storage says that it is."""

    content: bytes
    url: str


def by_api(journey: Journey) -> str:
    """What a step's line says first when it does not act in the pages."""
    return "by API, " if journey.by_api else ""


# --- creating ---


def create(journey: Journey) -> Task:
    """A new task, by the form or as the step is driven, that the list shows."""
    if journey.by_api:
        return create_by_api(journey)
    manager = at_the_web(journey, "manager")
    make_room(journey)
    listed = TaskList(manager.page, journey.language)
    with manager.expecting("the list of tasks"):
        if manager.page.url.endswith("/dashboard"):
            Dashboard(manager.page, journey.language).go_to_tasks()
            listed.wait_until_open()
        else:
            listed.open(journey.environment.urls.web)
    task = create_in_form(journey, manager)
    found_by_number(journey, task)  # before the list, which shows only what the API lists
    with manager.expecting(f"{task.number} in the list of tasks"):
        listed.wait_until_open()
        listed.wait_for_task(task.number)
    return task


def create_in_form(journey: Journey, manager: Person) -> Task:
    """A new task by the form, to which the list's link leads."""
    form = TaskForm(manager.page, journey.language)
    with manager.expecting("the form for a new task"):
        TaskList(manager.page, journey.language).go_to_form()
        form.wait_until_open()
        form.fill(**_said(journey))
    with journey.writing("task", tag=journey.tag) as made:
        save = form.say("save")
        try:
            with (
                manager.overhearing("/api/v1/tasks") as answers,
                manager.expecting(f"«{save}» to send POST /api/v1/tasks, and an answer"),
            ):
                form.save(min(SENT_WITHIN_MS, manager.deadline.left_ms))
        except Finding as finding:
            raise _whether_it_happened(journey, finding, made) from None
        return _created(journey, answers[-1], made)


def create_by_api(journey: Journey) -> Task:
    """A new task through the API, in the manager's browser session."""
    manager = at_the_web(journey, "manager")
    make_room(journey)
    said = _said(journey)
    document = {
        "type": "refill",
        "title": said["title"],
        "description": said["description"],
        "dueDate": said["due"],
        "machineId": said["machine"],
        "organizationId": journey.environment.smoke.organization,
    }
    with journey.writing("task", tag=journey.tag) as made:
        return _created(journey, manager.fetch("POST", "/api/v1/tasks", data=document), made)


def make_room(journey: Journey) -> None:
    """Cancel what this run has open on its machine, which takes one task at a time (facts 5.1)."""
    if not journey.made.get("open task"):
        return
    for task in own_open_tasks(journey):
        journey.call("manager", "POST", f"{task.path}/cancel")
    journey.made["open task"] = False


def own_open_tasks(journey: Journey) -> list[Task]:
    """The tasks of this run that are not ended, by its tag."""
    place = f"/api/v1/tasks?machineId={journey.environment.smoke.machine}&status="
    rows = [
        row
        for status in ("pending", "assigned", "in_progress")
        for row in _rows(journey.call("manager", "GET", place + status))
        if journey.tag in str(row.get("description"))
    ]
    return [Task(str(row["id"]), str(row["taskNumber"])) for row in rows]


def found_by_number(journey: Journey, task: Task) -> dict[str, Any]:
    """The one task that the API lists under the number, and it is this one.

    Raises:
        Finding: there is none, or it is another.
    """
    path = f"/api/v1/tasks?search={task.number}"
    answer = journey.call("manager", "GET", path)
    accepted(answer, "the list of tasks", 200)
    rows = [row for row in _rows(answer) if row.get("taskNumber") == task.number]
    require(
        [row.get("id") for row in rows] == [task.id],
        expected=f"{task.number} in GET /tasks?search={task.number}",
        observed=f"{len(rows)} tasks of that number, though it was created",
    )
    row = rows[0]
    require(
        journey.tag in str(row.get("description")),
        expected=f"the description that was sent with {task.number}",
        observed=repr(row.get("description")),
        incident=LOST,
    )
    return row


def _said(journey: Journey) -> dict[str, str]:
    """What the form is told; no angle brackets, which the API takes out (facts 1.3)."""
    due = datetime.now(UTC) + timedelta(days=2)
    return {
        "title": f"Smoke test {journey.run_id}",
        "machine": journey.environment.smoke.machine,
        "due": f"{due:%Y-%m-%d}",
        "description": f"{journey.tag} A test after a deploy; it ends by itself.",
    }


def _created(journey: Journey, answer: Answer, made: Any) -> Task:
    data = accepted(answer, "the task to be created", 201)
    task = Task(str(data.get("id") or ""), str(data.get("taskNumber") or ""))
    require(
        bool(task.id and task.number),
        expected="a created task with id and taskNumber",
        observed=f"{sorted(data)[:8]}",
    )
    made(id=task.id, number=task.number)
    journey.made["open task"] = True
    return task


def _whether_it_happened(journey: Journey, finding: Finding, made: Any) -> Finding:
    """The finding of a write without an answer, with what the API says about it."""
    for task in own_open_tasks(journey):
        made(id=task.id, number=task.number)
        journey.made["open task"] = True
        return Finding(
            finding.expected,
            f"{finding.observed}; the API has it all the same: {task.number}",
            evidence=finding.evidence,
        )
    return finding


def _rows(answer: Answer) -> list[dict[str, Any]]:
    data = answer.data
    rows = data.get("data") if isinstance(data, dict) else data
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


# --- the photo ---


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


# --- the end ---


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
