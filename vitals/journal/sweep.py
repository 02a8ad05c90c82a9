"""Removing what killed runs left on the target: from their journals, and by the mark of tasks."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vitals.journal.authority import Authority
from vitals.journal.cleaning import SECONDS, clean, clean_sessions, clean_things
from vitals.journal.entries import Journal, dead, new_id
from vitals.journal.folder import state_folder
from vitals.journal.left import Effort, Left
from vitals.journal.tags import TAG, longest_run, started_of, tag_of
from vitals.journal.tasks import cancel, open_tasks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vitals.environment import Environment
    from vitals.probe.account import Account

__all__ = ["TAG", "Left", "clean", "sweep", "tag_of"]


def sweep(
    environment: Environment,
    *,
    accounts: Mapping[str, Account] | None = None,
    seconds: float = SECONDS,
) -> Left:
    """Remove what runs left whose process is dead; the caller holds the lock of the environment.

    First what their journals list; then open tasks of the dedicated machine with our mark that are
    older than twice the longest run, whoever made them. Without `smoke.writes` sessions alone. An
    embedded stand-in is never swept: what was made there ended with its run.

    Args:
        environment: where to look.
        accounts: sessions of the caller that may be used, by person.
        seconds: for everything together.

    Raises:
        StateError: the journals cannot be read or written.
    """
    if environment.standin is not None:
        return Left()
    folder = state_folder(environment)
    effort = Effort(environment, seconds)
    with ExitStack() as stack:
        own = stack.enter_context(Journal.begin(folder, f"sweep-{new_id()}"))
        journals = [stack.enter_context(journal) for journal in dead(folder)]
        authority = Authority(effort, accounts or {}, journals, own)
        for journal in journals:
            clean_things(effort, journal, authority)
        if environment.smoke.writes:
            _clean_machine(effort, authority)
        for journal in (*journals, own):
            clean_sessions(effort, journal)
            journal.finish()
    return effort.left()


def _clean_machine(effort: Effort, authority: Authority) -> None:
    account = authority.account()
    if account is None:
        effort.open.append(f"the machine could not be looked at: {authority.refusal}")
        return
    before = datetime.now(UTC) - 2 * longest_run(effort.environment.smoke)

    def is_old(task: Mapping[str, Any]) -> bool:
        started = started_of(task.get("description"))
        return started is not None and started < before

    found = open_tasks(account, effort, is_old)
    for task in found.tasks:
        fate = cancel(account, effort, str(task["id"]))
        {"gone": effort.removed, "kept": effort.listed}.get(fate.outcome, effort.open).append(
            fate.words
        )
    if found.problem:
        effort.open.append(found.problem)
