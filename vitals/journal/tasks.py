"""Tasks of the dedicated machine: found by their mark, cancelled, and asked whether they are.

Cancelled, never deleted: a deleted task's number comes again and collides (facts, 0.9).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from vitals.probe.fault import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vitals.journal.left import Effort
    from vitals.probe.account import Account
    from vitals.probe.api import Answer

OPEN = ("pending", "assigned", "in_progress", "postponed")

_TASKS = "/api/v1/tasks"
_FINAL = {"cancelled", "rejected"}
_DONE = "completed"
_MISSING = 404
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one thing: `gone`, `kept` by the product, or still `open`; and in words."""

    outcome: str
    words: str


@dataclass(frozen=True, slots=True)
class Found:
    """Open tasks of the machine; `problem` says why they may not be all."""

    tasks: tuple[Mapping[str, Any], ...] = ()
    problem: str = ""


def open_tasks(
    account: Account, effort: Effort, is_ours: Callable[[Mapping[str, Any]], bool]
) -> Found:
    """The open tasks of the dedicated machine that somebody recognises.

    Args:
        account: of anybody who sees tasks.
        effort: names the machine.
        is_ours: whether a task is looked for.
    """
    machine = effort.environment.smoke.machine
    found: list[Mapping[str, Any]] = []
    problem = ""
    for status in OPEN:
        query = urlencode({"machineId": machine, "status": status})
        answer = _ask(account, effort, "GET", f"{_TASKS}?{query}")
        page = answer.data if answer.is_success else None
        rows = page.get("data") if isinstance(page, dict) else None
        if not isinstance(page, dict) or not isinstance(rows, list):
            said = answer.words or f"{answer.status} without a list"
            problem = problem or f"the {status} tasks of the machine could not be listed: {said}"
            continue
        total = page.get("total")
        if isinstance(total, int) and total > len(rows):
            words = f"{total} {status} tasks are on the machine, of which VendHub lists {len(rows)}"
            problem = problem or words
        found += [row for row in rows if _is_open_here(row, machine) and is_ours(row)]
    return Found(tuple(found), problem)


def cancel(account: Account, effort: Effort, number: str) -> Fate:
    """End a task by its id.

    Args:
        account: of a manager or owner.
        effort: names the machine; tasks of others are not touched.
        number: the id of the task.
    """
    path = f"{_TASKS}/{quote(number, safe='')}"
    answer = _ask(account, effort, "GET", path)
    name = f"task {printable(_text(answer.data, 'taskNumber') or number, _SHOWN)}"
    if answer.status == _MISSING and isinstance(answer.document, dict):
        return Fate("gone", f"{name}: VendHub does not have it any more")
    if not answer.is_success:
        return Fate("open", f"{name} could not be looked at: {answer.words}")
    if _text(answer.data, "machineId") != effort.environment.smoke.machine:
        return Fate("open", f"{name} is not on the dedicated machine, and was not touched")
    said = ""
    if _text(answer.data, "status") in OPEN:
        cancelled = _ask(account, effort, "POST", f"{path}/cancel")
        said = "" if cancelled.is_success else f": {cancelled.words}"
        answer = _ask(account, effort, "GET", path)
    status = _text(answer.data, "status")
    if status in _FINAL:
        return Fate("gone", f"{name} is {status}")
    if status == _DONE:
        return Fate("kept", f"{name} is completed, and VendHub removes no completed task")
    if not answer.is_success:
        return Fate("open", f"{name}: it is not known whether it was cancelled: {answer.words}")
    return Fate("open", f"{name} is still {printable(status, _SHOWN) or 'open'}{said}")


def _is_open_here(row: object, machine: str) -> bool:
    return (
        _text(row, "machineId") == machine
        and _text(row, "status") in OPEN
        and bool(_text(row, "id"))
    )


def _ask(account: Account, effort: Effort, method: str, path: str) -> Answer:
    return effort.ask(lambda seconds: account.call(method, path, seconds=seconds))


def _text(document: object, key: str) -> str:
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, str) else ""
