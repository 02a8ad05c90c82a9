"""Journals of dead runs, the lock of a smoke run, and stored sessions on this machine."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import standin_environment
from standin_environment import child, said
from suite_run import faults_on

from vitals.journal import BusyError, Journal, StateError, acquire, dead, sessions, state_folder
from vitals.probe.account import Account, sign_in

if TYPE_CHECKING:
    from pathlib import Path

    from vitals.environment import Environment

OWNER = """
import sys
from pathlib import Path
from vitals.journal import Journal
journal = Journal.begin(Path(sys.argv[1]), "dead01")
journal.intend("session", person="manager")
session = journal.intend("session", person="operator")
journal.made(session, access_token="a" * 20, refresh_token="r" * 20)
journal.intend("task", tag="[x]")
task = journal.intend("task", tag="[y]")
journal.made(task, id="7", number="TASK-7")
journal.intend("file", name="photo.png")
gone = journal.intend("file", name="other.png")
journal.made(gone, key="org/1/other.png")
journal.ended(gone, "removed")
journal.intend("notification", title="Hello")
print("noted", flush=True)
sys.stdin.read()
"""

HOLDER = """
import sys
from pathlib import Path
from vitals.journal import BusyError, acquire
print("ready", flush=True)
sys.stdin.readline()
try:
    lock = acquire(Path(sys.argv[1]), sys.argv[2])
except BusyError as fault:
    print(fault, flush=True)
else:
    print("has it", flush=True)
sys.stdin.read()
"""

pytestmark = pytest.mark.usefixtures("state")


@pytest.fixture(name="folder")
def _folder(where: Environment) -> Path:
    return state_folder(where)


def go_on(process: Any) -> None:
    """Let a child that reads a line go on."""
    process.stdin.write(b"\n")
    process.stdin.flush()


def test_the_folder_is_of_one_target_and_of_its_owner_alone(
    where: Environment, folder: Path, state: Path, tmp_path: Path, ready: dict[str, Any]
) -> None:
    assert folder.parent == state
    assert folder.name.startswith("there-")
    elsewhere = standin_environment.load(tmp_path, ready, api=ready["web"])
    assert state_folder(elsewhere) != folder
    for one in (state, folder):
        assert stat.S_IMODE(one.stat().st_mode) == 0o700
    by_system = state_folder(where, {"XDG_STATE_HOME": str(tmp_path / "xdg"), "HOME": "/nowhere"})
    assert by_system == tmp_path / "xdg" / "vendhub-vitals" / folder.name
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StateError, match=r"/taken: file exists: see to it, or set \$VITALS"):
        state_folder(where, {"VITALS_STATE": str(tmp_path / "taken")})


def test_a_killed_runs_journal_says_what_it_made_and_what_it_was_about_to(folder: Path) -> None:
    with child(OWNER, str(folder)) as owner:
        assert said(owner) == "noted"
        assert dead(folder) == []
        owner.kill()
        owner.wait()
        (journal,) = dead(folder)
    with journal:
        assert (journal.run_id, journal.problems) == ("dead01", ())
        shown = [(e.kind, e.is_made, e.is_open) for e in journal.entries()]
        assert shown == [
            ("session", False, True),
            ("session", True, True),
            ("task", False, True),
            ("task", True, True),
            ("file", False, True),
            ("file", True, False),
            ("notification", False, True),
        ]
        assert journal.entries()[3].facts == {"tag": "[y]", "id": "7", "number": "TASK-7"}
        assert "aaaa" not in repr(journal.entries())
        assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
        assert dead(folder) == []  # it has an owner again
        assert journal.finish() is False
    (journal,) = dead(folder)
    for entry in journal.entries():
        if entry.is_open:
            journal.ended(entry.id, "gone")
    assert journal.finish() is True
    assert list(folder.iterdir()) == []


def test_a_line_that_was_cut_off_was_never_noted_and_any_other_is_reported(folder: Path) -> None:
    with Journal.begin(folder, "cut") as journal:
        journal.intend("task", tag="[x]")
        path = journal.path
    with path.open("ab") as file:
        file.write(b'{"made":1,"fac')
    (journal,) = dead(folder)
    with journal:
        assert [entry.is_made for entry in journal.entries()] == [False]
        journal.made(1, id="7")
    (journal,) = dead(folder)
    with journal:
        assert journal.problems == ()
        assert journal.entries()[0].text("id") == "7"
        journal.ended(1, "gone")
    lines = path.read_bytes().splitlines()
    for wrong in (b"\0\0\0", b"[]", b'{"made":9,"facts":{}}', b"[" * 100_000):
        path.write_bytes(b"\n".join([lines[0], wrong, *lines[1:], b""]))
        (journal,) = dead(folder)
        (problem,) = journal.problems
        assert problem.startswith(f"line 2 of {path} cannot be read: look at what run cut left")
        assert journal.finish() is False


def test_a_disk_that_is_full_refuses_before_anything_is_made(folder: Path) -> None:
    code = (
        "import resource, signal, sys\nfrom pathlib import Path\n"
        "from vitals.journal import Journal, StateError\n"
        "journal = Journal.begin(Path(sys.argv[1]), 'full')\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (80, resource.RLIM_INFINITY))\n"
        "try:\n    journal.intend('task', tag='x' * 100)\n"
        "except StateError as fault:\n    print(fault, flush=True)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))\n"
        "journal.intend('task', tag='y')\n"
    )
    with child(code, str(folder)) as writer:
        assert "full.jsonl: file too large: see to it" in said(writer)
        assert writer.wait() == 0
    (journal,) = dead(folder)
    with journal:
        assert journal.problems == ()
        assert [entry.text("tag") for entry in journal.entries()] == ["y"]


def test_of_two_runs_one_has_the_lock_and_a_killed_one_frees_it(folder: Path) -> None:
    code = (HOLDER, str(folder))
    with child(*code, "run1") as one, child(*code, "run2") as other:
        assert (said(one), said(other)) == ("ready", "ready")
        for process in (one, other):
            go_on(process)
        words = {said(one): one, said(other): other}
        winner = words.pop("has it")
        (refusal,) = words
        run = "run1" if winner is one else "run2"
        assert refusal.startswith(f"a smoke run is in progress: run {run} of ")
        assert f"process {winner.pid}, since 20" in refusal
        told: list[str] = []
        with pytest.raises(BusyError, match=run):
            acquire(folder, "mine", 0.05, told.append)
        assert len(told) == 1
        assert told[0].startswith(f"waiting up to 0 s for run {run} of ")
        winner.kill()
        with acquire(folder, "mine", 5.0), pytest.raises(BusyError, match="run mine of"):
            acquire(folder, "another")
        acquire(folder, "another").release()


def test_the_rotated_pair_is_stored_before_anybody_uses_it(
    where: Environment, folder: Path
) -> None:
    with pytest.raises(sessions.SessionExpiredError, match="no session of manager is stored, run"):
        sessions.refreshed(where, "manager")
    first = sign_in(where, "manager")
    path = sessions.store(folder, first)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with ThreadPoolExecutor(4) as pool:
        accounts = list(pool.map(lambda _: sessions.refreshed(where, "manager"), range(4)))
    assert all(account.is_signed_in() for account in accounts)
    stored = sessions.load(folder, "manager")
    assert stored is not None
    assert stored.refresh_token in {account.refresh_token for account in accounts}
    assert stored.refresh_token not in repr(stored)
    assert stored.user["email"] == "manager@demo.uz"
    assert first.refresh().status == 401
    assert stored.account(where).sign_out().is_success
    with pytest.raises(sessions.SessionExpiredError) as refused:
        sessions.refreshed(where, "manager")
    assert str(refused.value) == "session expired, run vitals login --env there --as manager"


@pytest.mark.parametrize("fault", ["api-down", "database-gone", "api-html", "api-redirects-away"])
def test_a_session_that_could_not_be_renewed_stays_as_it_is(
    fault: str, where: Environment, folder: Path, ready: dict[str, Any]
) -> None:
    account = sign_in(where, "operator")
    path = sessions.store(folder, account)
    before = path.read_bytes()
    with (
        faults_on(ready, fault),
        pytest.raises(sessions.SessionUnansweredError, match=r"could not be renewed: .*; try"),
    ):
        sessions.refreshed(where, "operator")
    assert path.read_bytes() == before
    assert sessions.refreshed(where, "operator").sign_out().is_success


def test_a_stored_session_that_is_none_is_one_sentence(where: Environment, folder: Path) -> None:
    path = sessions.store(folder, Account(where, "owner", access_token="a" * 8))
    for content in ("", "[]", json.dumps({"user": {}})):
        path.write_text(content)
        with pytest.raises(StateError, match=r"owner\.json: no stored session: delete it, and log"):
            sessions.load(folder, "owner")
    assert [path for path in folder.iterdir() if path.name.startswith(".")] == []
