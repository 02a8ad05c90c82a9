"""What is selected: instances of checks, their order, and how many were left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from vitals.environment import STEPS
from vitals.plugin.declared import critical_titles
from vitals.plugin.selected import CHECK
from vitals.plugin.session import SESSION
from vitals.verdict.check import FOUNDATIONS, GATES, declared
from vitals.verdict.outcome import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from vitals.environment import ResponseTime
    from vitals.verdict.check import Check


def make_instances(metafunc: pytest.Metafunc) -> None:
    """Give a check's test its probes as arguments, one instance for each of its targets."""
    check = declared(metafunc.function)
    if check is None or check.step is not None:
        return
    names = [name for name, _ in check.probes]
    targets = check.each or ("",)
    session = metafunc.config.stash.get(SESSION, None)
    if check.each == GATES and session is not None:
        targets = tuple(rule.name for rule in session.environment.response_time) or GATES
    metafunc.parametrize(
        names,
        [[probe for _, probe in check.for_target(target)] for target in targets],
        ids=[target or pytest.HIDDEN_PARAM for target in targets],
    )


def stash_declarations(config: pytest.Config, items: Iterable[pytest.Item]) -> None:
    """Note on each item of a check which instance it is."""
    session = config.stash.get(SESSION, None)
    rules = session.environment.response_time if session else ()
    by_name = {rule.name: rule for rule in rules}
    for item in items:
        check = declared(getattr(item, "function", None))
        if check is None:
            continue
        target = item.callspec.id if check.each else ""  # type: ignore[attr-defined]  # a Function made by parametrize has it
        if check.each == GATES and target in by_name:
            check = _of_gate(check, by_name[target])
        item.stash[CHECK] = (check, target)


def _of_gate(check: Check, rule: ResponseTime) -> Check:
    """A gate has its name and severity from the environment file."""
    foundation = FOUNDATIONS[rule.routes[0].target]
    return replace(check, title=rule.name, severity=Severity(rule.severity), stands_on=foundation)


def put_foundations_first(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order items so that a check comes after the one that it stands on; stable otherwise.

    Steps come last, in the order of the runbook: a gate must have the machine to itself.
    """
    stash_declarations(config, items)
    stands_on = dict(_titles(item) for item in items if CHECK in item.stash)

    def place(item: pytest.Item) -> tuple[int, int]:
        if CHECK not in item.stash:
            return 0, 0
        step = item.stash[CHECK][0].step
        if step is None:
            return 0, _depth(_titles(item)[0], stands_on)
        return 1, STEPS.index(step.name) if step.name in STEPS else len(STEPS)

    items.sort(key=place)


def _titles(item: pytest.Item) -> tuple[str, str]:
    check, target = item.stash[CHECK]
    return check.named(check.title, target), check.named(check.stands_on, target)


def _depth(title: str, stands_on: dict[str, str]) -> int:
    depth = 0
    while (title := stands_on.get(title, "")) and depth < len(stands_on):
        depth += 1
    return depth


def count_critical(suites: Iterable[Path]) -> int:
    """How many critical checks the files of these folders declare."""
    return sum(len(critical_titles(suite)) for suite in suites)


def critical_titles_of(items: Iterable[pytest.Item]) -> set[str]:
    """The declared titles of the critical checks among these items."""
    found = (declared(getattr(item, "function", None)) for item in items)
    return {check.title for check in found if check and check.severity is Severity.CRITICAL}
