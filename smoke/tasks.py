"""The test task: created in the form or through the API, and found again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from smoke.pages.dashboard import Dashboard
from smoke.pages.task_form import TaskForm
from smoke.pages.task_list import TaskList
from smoke.people import at_the_web
from vitals import Finding, require
from vitals.browser.answers import accepted

if TYPE_CHECKING:
    from vitals.browser.journey import Journey
    from vitals.browser.person import Person
    from vitals.probe.api import Answer

SENT_WITHIN_MS = 5000.0
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


def by_api(journey: Journey) -> str:
    """What a step's line says first when it does not act in the pages."""
    return "by API, " if journey.by_api else ""


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
            found = _whether_it_was_sent(manager, save, finding)
            raise _whether_it_happened(journey, found, made) from None
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
        cancelled = journey.call("manager", "POST", f"{task.path}/cancel")
        accepted(cancelled, f"{task.number} of this run to be cancelled", 201)
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


def _whether_it_was_sent(manager: Person, button: str, finding: Finding) -> Finding:
    """The finding of a button, which says so when pressing it sent nothing."""
    if manager.recorder.calls("/tasks", manager.deadline.began, "POST"):
        return finding
    observed = f"«{button}» sent nothing; {finding.observed}"
    return Finding(
        finding.expected, observed, outcome=finding.outcome, is_bare=finding.is_bare,
        evidence=finding.evidence,
    )  # fmt: skip


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
