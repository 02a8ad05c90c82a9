"""What killed runs left on a real target is removed, listed or still open, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import standin_environment
from standin_environment import child, said
from suite_run import faults_on

from vitals.journal import Journal, Left, clean, sessions, state_folder, sweep, tag_of
from vitals.probe.account import Account, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vitals.environment import Environment

TASKS = "/api/v1/tasks"
NOW = datetime.now(UTC)
MINE = tag_of("dead01", NOW)

# Does one thing of each kind and says what it knows, up to the moment in which it is killed.
RUN = """
import json, sys
from pathlib import Path
from vitals import environment
from vitals.journal import Journal, state_folder
from vitals.probe.account import sign_in

path, tag, stage = sys.argv[1:]
where = environment.load(path, folder=Path(path).parent)
journal = Journal.begin(state_folder(where), "dead01")
is_made = stage == "made"

def noted(entry, **facts):
    if is_made:
        journal.made(entry, **facts)

entry = journal.intend("session", person="manager")
account = sign_in(where, "manager")
noted(entry, access_token=account.access_token, refresh_token=account.refresh_token)
entry = journal.intend("task", tag=tag)
task = account.call("POST", "/api/v1/tasks", json={
    "type": "refill", "title": "Smoke", "description": f"A smoke run {tag}",
    "organizationId": where.smoke.organization, "machineId": where.smoke.machine,
}).data
noted(entry, id=task["id"], number=task["taskNumber"])
entry = journal.intend("file", name="photo.png")
png = bytes.fromhex("89504e470d0a1a0a") + bytes(16)
file = account.call("POST", "/api/v1/storage/upload", fields={"folder": "smoke/dead01"},
                    files={"file": ("photo.png", png, "image/png")}).data
noted(entry, key=file["key"])
entry = journal.intend("notification", title="Hello")
noted(entry, id="7")
known = {"token": account.access_token, "task": task["id"], "key": file["key"]}
print(json.dumps(known), flush=True)
sys.stdin.read()
"""

pytestmark = pytest.mark.usefixtures("state")


@pytest.fixture(name="manager")
def _manager(where: Environment) -> Iterator[Account]:
    with sign_in(where, "manager") as account:
        yield account
        for status in ("pending", "assigned", "in_progress", "postponed"):
            for task in account.call("GET", f"{TASKS}?status={status}").data["data"]:
                if "vitals" in task["description"]:
                    account.call("POST", f"{TASKS}/{task['id']}/cancel")
        assert account.sign_out().is_success


def killed_run(tmp_path: Path, ready: dict[str, Any], stage: str) -> dict[str, str]:
    """A run that was killed at its end, and what it knew."""
    path = str(tmp_path / f"{standin_environment.NAME}.toml")
    with child(RUN, path, MINE, stage, **standin_environment.secrets_of(ready)) as run:
        known: dict[str, str] = json.loads(said(run))
        run.kill()
    return known


def add_task(where: Environment, manager: Account, description: str) -> dict[str, Any]:
    answer = manager.call(
        "POST",
        TASKS,
        json={
            "type": "refill",
            "title": "Smoke",
            "description": description,
            "organizationId": where.smoke.organization,
            "machineId": where.smoke.machine,
        },
    )
    assert answer.status == 201, answer.words
    task: dict[str, Any] = answer.data
    return task


def postponed(where: Environment, manager: Account, user: str, description: str) -> dict[str, Any]:
    """A task that is put off, so that its machine may have another one."""
    task = add_task(where, manager, description)
    for action, body in (("assign", {"userId": user}), ("postpone", {"reason": "later"})):
        answer = manager.call("POST", f"{TASKS}/{task['id']}/{action}", json=body)
        assert answer.is_success, answer.words
    return task


def status_of(manager: Account, task: dict[str, Any] | str) -> str:
    number = task if isinstance(task, str) else task["id"]
    return str(manager.call("GET", f"{TASKS}/{number}").data["status"])


def journals(where: Environment) -> list[str]:
    return sorted(path.name for path in state_folder(where).glob("*.jsonl"))


def test_what_a_killed_run_had_noted_is_gone(
    where: Environment, manager: Account, tmp_path: Path, ready: dict[str, Any]
) -> None:
    known = killed_run(tmp_path, ready, "made")
    number = manager.call("GET", f"{TASKS}/{known['task']}").data["taskNumber"]
    left = sweep(where)
    assert left == Left(
        removed=(
            f"task {number} is cancelled",
            "file photo.png is removed",
            "session of manager is ended",
        ),
        listed=("notification 'Hello': VendHub removes no notifications",),
    )
    assert status_of(manager, known["task"]) == "cancelled"
    exists = manager.call("GET", f"/api/v1/storage/files/exists/{quote(known['key'], safe='')}")
    assert exists.data == {"exists": False}
    assert Account(where, "manager", access_token=known["token"]).is_signed_in() is False
    assert journals(where) == []
    assert sweep(where).removed == ("session of manager is ended",)  # its own


def test_what_a_killed_run_was_about_to_make_is_looked_for_or_listed(
    where: Environment, manager: Account, tmp_path: Path, ready: dict[str, Any]
) -> None:
    known = killed_run(tmp_path, ready, "intended")
    number = manager.call("GET", f"{TASKS}/{known['task']}").data["taskNumber"]
    left = sweep(where)
    assert left == Left(
        removed=(f"task {number} is cancelled", "session of manager is ended"),
        listed=(
            "file photo.png of run dead01: its upload was not answered",
            "notification 'Hello': sending it was not answered",
            "session of manager: its login was not answered; it ends by itself within 7 days",
        ),
    )
    assert status_of(manager, known["task"]) == "cancelled"
    assert journals(where) == []


def test_a_run_cleans_up_after_itself_with_its_own_sessions(
    where: Environment, manager: Account
) -> None:
    with Journal.begin(state_folder(where), "mine") as journal:
        never = journal.intend("task", tag=tag_of("mine", NOW))
        entry = journal.intend("task", tag=MINE)
        task = add_task(where, manager, MINE)
        journal.made(entry, id=task["id"], number=task["taskNumber"])
        elsewhere = manager.call("GET", TASKS).data["data"][0]
        assert elsewhere["machineId"] != where.smoke.machine
        journal.made(journal.intend("task", tag=""), id=elsewhere["id"])
        done = add_task_completed(where, manager, journal)
        left = clean(where, journal, accounts={"manager": manager})
        assert left.removed == (
            f"task {tag_of('mine', NOW)}: VendHub has no open task with this mark",
            f"task {task['taskNumber']} is cancelled",
        )
        assert left.listed == (f"task {done} is completed, and VendHub removes no completed task",)
        (untouched,) = left.open
        number = elsewhere["taskNumber"]
        assert untouched == f"task {number} is not on the dedicated machine, and was not touched"
        assert status_of(manager, elsewhere) == elsewhere["status"]
        assert [entry.id for entry in journal.entries() if entry.is_open] == [never + 2]
        assert manager.is_signed_in() is True
        assert journal.finish() is False


def add_task_completed(where: Environment, manager: Account, journal: Journal) -> str:
    """A task that was worked on to its end after all, and its number."""
    for task in manager.call("GET", f"{TASKS}?machineId={where.smoke.machine}").data["data"]:
        manager.call("POST", f"{TASKS}/{task['id']}/cancel")
    task = add_task(where, manager, "done [vendhub-vitals]")
    path = f"{TASKS}/{task['id']}"
    photo = {"photoUrl": "https://127.0.0.1/a.png"}
    steps: list[tuple[str, dict[str, str]]] = [
        ("assign", {"userId": str(manager.user["id"])}),
        ("start", {}),
        ("photo-before", photo),
        ("photo-after", photo),
    ]
    for action, body in steps:
        assert manager.call("POST", f"{path}/{action}", json=body).status == 201
    journal.made(journal.intend("task", tag=MINE), id=task["id"], number=task["taskNumber"])
    return str(task["taskNumber"])


def test_a_session_with_an_expired_access_token_is_renewed_to_be_ended(
    where: Environment, manager: Account
) -> None:
    good = sign_in(where, "operator")
    with Journal.begin(state_folder(where), "old") as journal:
        for access, refresh in (
            ("expired." * 3, good.refresh_token),
            ("expired." * 3, "revoked." * 3),
            ("expired." * 3, ""),
        ):
            entry = journal.intend("session", person="operator")
            journal.made(entry, access_token=access, refresh_token=refresh)
        left = clean(where, journal, accounts={"manager": manager})
        renewed = journal.entries()[0]
        assert renewed.text("access_token") not in {"expired." * 3, good.access_token}
        assert journal.finish() is True
    assert left == Left(
        removed=("session of operator is ended",) * 2,
        listed=(
            "session of operator: 401 UNAUTHORIZED: jwt malformed; it ends by itself within 7 days",
        ),
    )
    assert good.refresh().status == 401


def test_what_could_not_be_removed_stays_in_the_journal_for_the_next_sweep(
    where: Environment, manager: Account, tmp_path: Path, ready: dict[str, Any]
) -> None:
    known = killed_run(tmp_path, ready, "made")
    with faults_on(ready, "database-gone"):
        left = sweep(where)
    assert left.removed == ()
    assert left.unreachable == ""
    kinds = [sentence.split()[0] for sentence in left.open]
    assert kinds == ["task", "file", "the", "session"]
    assert left.open[0].endswith(
        ": manager could not log in: 500 INTERNAL_ERROR: Internal server error"
    )
    assert not any("eyJ" in sentence for sentence in left.open)
    assert journals(where) == ["dead01.jsonl"]
    with faults_on(ready, "api-down"):
        assert sweep(where).unreachable == "connection refused"
    assert journals(where) == ["dead01.jsonl"]
    left = sweep(where)
    assert left.open == ()
    assert [sentence.split()[0] for sentence in left.removed] == ["task", "file", "session"]
    assert status_of(manager, known["task"]) == "cancelled"
    assert journals(where) == []


def test_old_tasks_with_our_mark_go_whoever_made_them(where: Environment, manager: Account) -> None:
    user, now = str(manager.user["id"]), datetime.now(UTC)
    old = tag_of("another", now - timedelta(seconds=200))  # twice the deadlines are 180 s
    ours = [postponed(where, manager, user, f"old {old}") for _ in range(2)]
    young = postponed(where, manager, user, tag_of("young", now))
    theirs = postponed(where, manager, user, "somebody's, not of vitals")
    odd = postponed(where, manager, user, "[vendhub-vitals x 20269999T999999Z]")
    elsewhere = next(
        task for task in manager.call("GET", TASKS).data["data"] if task["status"] == "pending"
    )
    change = {"description": f"{elsewhere['description']} {old}"}
    assert manager.call("PATCH", f"{TASKS}/{elsewhere['id']}", json=change).is_success
    left = sweep(where)
    assert left == Left(
        removed=(
            *(f"task {task['taskNumber']} is cancelled" for task in ours),
            "session of manager is ended",
        )
    )
    assert [status_of(manager, task) for task in (young, theirs, odd)] == ["postponed"] * 3
    assert status_of(manager, elsewhere) == "pending"
    assert manager.call("POST", f"{TASKS}/{theirs['id']}/cancel").is_success


def test_without_writes_nothing_but_sessions_is_touched(
    where: Environment, manager: Account, tmp_path: Path, ready: dict[str, Any]
) -> None:
    known = killed_run(tmp_path, ready, "made")
    left = sweep(standin_environment.load(tmp_path, ready, writes=False))
    assert left.removed == ("session of manager is ended",)
    assert len(left.open) == 2
    assert all(one.endswith("so nothing but sessions is removed") for one in left.open)
    assert status_of(manager, known["task"]) == "pending"
    assert sweep(where).open == ()


def test_a_stored_session_cancels_where_no_secret_is_set_and_goes_on(
    where: Environment,
) -> None:
    sessions.store(state_folder(where), sign_in(where, "manager"))
    bare = replace(where, identities={})
    with Journal.begin(state_folder(where), "mine") as journal:
        journal.intend("task", tag=MINE)
        assert clean(bare, journal).open == ()
    assert sweep(bare) == Left()
    account = sessions.refreshed(where, "manager")
    assert account.sign_out().is_success
    left = sweep(bare)
    (refusal,) = left.open
    assert refusal == (
        "the machine could not be looked at: session expired, run vitals login --env there"
        " --as manager"
    )
