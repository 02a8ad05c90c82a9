"""Removing what a journal lists: tasks, files, notifications, and its sessions last."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from vitals.journal.authority import Authority, note_tokens, noted_account
from vitals.journal.ending import ENDS_BY_ITSELF, end_session
from vitals.journal.left import Effort, Left
from vitals.journal.tasks import Fate, cancel, open_tasks
from vitals.probe.account import SignInError
from vitals.probe.fault import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vitals.environment import Environment
    from vitals.journal.entries import Entry, Journal
    from vitals.probe.account import Account

SECONDS = 60.0
"""For which a whole clean-up may last."""

_FILES = "/api/v1/storage/files"
_NO_WRITES = "smoke.writes is false, so nothing but sessions is removed"


def clean(
    environment: Environment,
    journal: Journal,
    *,
    accounts: Mapping[str, Account] | None = None,
    seconds: float = SECONDS,
) -> Left:
    """Remove what a journal lists, and note that in it; the caller finishes the journal.

    Args:
        environment: where it was made.
        journal: held by the caller.
        accounts: sessions that may be used, by person; a session that the journal lists is ended.
        seconds: for everything together.

    Raises:
        StateError: the journal cannot be written.
    """
    effort = Effort(environment, seconds)
    authority = Authority(effort, accounts or {}, [journal], journal)
    clean_things(effort, journal, authority)
    clean_sessions(effort, journal)
    return effort.left()


def clean_things(effort: Effort, journal: Journal, authority: Authority) -> None:
    """Remove what is not a session: tasks first, because they hold a machine."""
    for kind in ("task", "file", "notification"):
        for entry in journal.entries():
            if entry.is_open and entry.kind == kind:
                _settle(effort, journal, entry, _fate(effort, journal, entry, authority))
    effort.open += [
        f"entry {entry.id} of {journal.path}: {printable(entry.kind)} is nothing that is known here"
        for entry in journal.entries()
        if entry.is_open and entry.kind not in {"task", "file", "notification", "session"}
    ]
    effort.open += journal.problems


def clean_sessions(effort: Effort, journal: Journal) -> None:
    """End the sessions of a journal, each with its own token."""
    for entry in journal.entries():
        if entry.is_open and entry.kind == "session":
            _settle(effort, journal, entry, _session(effort, journal, entry))


def _settle(effort: Effort, journal: Journal, entry: Entry, fate: Fate) -> None:
    if fate.outcome == "open":
        effort.open.append(fate.words)
        return
    (effort.removed if fate.outcome == "gone" else effort.listed).append(fate.words)
    journal.ended(entry.id, fate.outcome)


def _fate(effort: Effort, journal: Journal, entry: Entry, authority: Authority) -> Fate:
    if entry.kind == "notification":
        return Fate("kept", _notification(entry))
    if entry.kind == "file" and not entry.text("key"):
        name = printable(entry.text("name"))
        return Fate("kept", f"file {name} of run {journal.run_id}: its upload was not answered")
    if entry.kind == "file":
        called = f"file {printable(entry.text('name') or entry.text('key'))}"
    else:
        called = f"task {printable(entry.text('number') or entry.text('tag'))}"
    if not effort.environment.smoke.writes:
        return Fate("open", f"{called}: {_NO_WRITES}")
    account = authority.account()
    if account is None:
        return Fate("open", f"{called}: {authority.refusal}")
    if entry.kind == "file":
        return _file(effort, account, entry, called)
    if number := entry.text("id"):
        return cancel(account, effort, number)
    return _intended_task(effort, account, entry, called)


def _intended_task(effort: Effort, account: Account, entry: Entry, called: str) -> Fate:
    """A task whose creation was not answered: it is there, or it never came to be."""
    tag = entry.text("tag")
    if not tag:
        return Fate("open", f"{called}: neither its id nor its mark was noted")
    found = open_tasks(account, effort, lambda task: tag in str(task.get("description")))
    fates = [cancel(account, effort, str(task["id"])) for task in found.tasks]
    if still := [fate.words for fate in fates if fate.outcome == "open"]:
        return Fate("open", "; ".join(still))
    if found.problem:
        return Fate("open", f"{called}: {found.problem}")
    if not fates:
        return Fate("gone", f"{called}: VendHub has no open task with this mark")
    outcome = "kept" if any(fate.outcome == "kept" for fate in fates) else "gone"
    return Fate(outcome, "; ".join(fate.words for fate in fates))


def _file(effort: Effort, account: Account, entry: Entry, called: str) -> Fate:
    key = quote(entry.text("key"), safe="")
    deleted = effort.ask(lambda seconds: account.call("DELETE", f"{_FILES}/{key}", seconds=seconds))
    there = effort.ask(
        lambda seconds: account.call("GET", f"{_FILES}/exists/{key}", seconds=seconds)
    )
    exists = there.data.get("exists") if isinstance(there.data, dict) else None
    if there.is_success and exists is False:
        return Fate("gone", f"{called} is removed")
    if there.is_success and exists is True:
        return Fate("open", f"{called} is still there: {deleted.words or deleted.status}")
    said = there.words or f"{there.status} without an answer to that"
    return Fate("open", f"{called}: it is not known whether it is still there: {said}")


def _notification(entry: Entry) -> str:
    called = f"notification {printable(entry.text('title'))!r}"
    if entry.is_made:
        return f"{called}: VendHub removes no notifications"
    return f"{called}: sending it was not answered"


def _session(effort: Effort, journal: Journal, entry: Entry) -> Fate:
    called = f"session of {printable(entry.text('person')) or 'somebody'}"
    try:
        account = noted_account(effort, entry)
    except SignInError as fault:
        return Fate("open", f"{called}: {fault}")
    if account is None:
        return Fate("kept", f"{called}: its login was not answered; it {ENDS_BY_ITSELF}")

    def renewed() -> None:
        effort.hide(account.access_token, account.refresh_token)
        note_tokens(journal, entry.id, account)

    words = end_session(account, effort, renewed)
    if words and words.endswith(ENDS_BY_ITSELF):
        return Fate("kept", f"{called}: {words}")
    return Fate("open", f"{called}: {words}") if words else Fate("gone", f"{called} is ended")
