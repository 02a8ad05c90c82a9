"""One step of the smoke path: walked in the browser, brought to a result, with its evidence."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from vitals.browser.errors import BlockedError, BrowserError, TabCrashedError
from vitals.browser.explain import explained
from vitals.browser.off import off_because
from vitals.browser.watchdog import GRACE, Watch, watched
from vitals.journal.folder import StateError
from vitals.journal.sessions import SessionError
from vitals.plugin.selected import CHECK
from vitals.verdict import conclude
from vitals.verdict.finding import Finding, require
from vitals.verdict.outcome import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from vitals.browser.journey import Journey
    from vitals.plugin.session import Session
    from vitals.plugin.smoke import SmokeRun

_FOUNDATIONS = ("API Health", "Frontend", "Mini App")
_UNFIT = "the browser"
_LAST_EVENTS = 12


def walk(run: Session, item: pytest.Function, blank: Result) -> Result:
    """Walk one step to its result.

    Raises:
        Exception: whatever says nothing about the product; it is a fault of the suite.
    """
    check, _ = item.stash[CHECK]
    step, smoke = check.step, run.smoke
    if step is None or smoke is None:
        raise RuntimeError("a step was called in a run that has no smoke path")
    try:
        if key := off_because(step, run.environment):
            return conclude.off(blank, key)
        if run.unfit:
            return conclude.blocked(blank, _UNFIT)
        journey = smoke.ready()
        browsing = journey.browse()  # before the step's time runs: it is not the product's
    except BlockedError as fault:
        return conclude.blocked(blank, str(fault))
    except (StateError, BrowserError) as fault:
        return _unfit(run, blank, str(fault))
    journey.begin(step.name, blank.title)
    if step.name:
        blank = replace(blank, deadline=journey.deadline.seconds)
    browsing.begin_step()
    result = _tried(run, journey, blank, item.obj)
    if not result.outcome.is_healthy:
        journey.unwell[step.name] = blank.title
    stem = step.name or re.sub(r"\W+", "-", blank.title)
    return _with_artifacts(run, smoke, result, stem, journey.deadline.began)


def _tried(run: Session, journey: Journey, blank: Result, act: Callable[..., object]) -> Result:
    """The result of a step, which is walked once more in new contexts after a crash."""
    try:
        return _once(run, journey, blank, act)
    except (TabCrashedError, BrowserError) as fault:
        first = str(fault)
        if not _is_alive(run):
            return _unfit(run, blank, first)
    try:
        journey.begin_again()
        result = _once(run, journey, blank, act)
    except TabCrashedError as fault:
        if not _is_alive(run):
            return _unfit(run, blank, str(fault))
        finding = Finding(
            "a page that stays open", "a tab that the page crashed, in a new context again"
        )
        return _found(run, blank, finding, journey)
    except BrowserError as fault:
        return _unfit(run, blank, str(fault))
    if result.outcome is Outcome.PASS:
        return conclude.passed_again(result, first)
    return result


def _once(run: Session, journey: Journey, blank: Result, act: Callable[..., object]) -> Result:
    limit = journey.deadline.seconds
    browsing = run.smoke.browsing if run.smoke else None
    watch = Watch()
    try:
        with watched(watch, limit + GRACE, browsing):
            words = str(act(journey=journey) or "OK")
            took = journey.deadline.elapsed
            observed = "" if took <= limit else _too_slow(journey, took)
            require(took <= limit, expected=f"it within {limit:g} s", observed=observed)
    except BlockedError as fault:
        return _blocked(run, blank, str(fault))
    except SessionError as fault:
        return _unfit(run, blank, str(fault))
    except Exception as fault:
        if watch.is_over:
            return _overdue(run, journey, blank)
        if isinstance(fault, Finding):
            return _found(run, blank, fault, journey)
        raise _translated(journey, fault) from fault
    return replace(blank, outcome=Outcome.PASS, words=f"{words} · {took:.1f} s of {limit:g} s")


def _overdue(run: Session, journey: Journey, blank: Result) -> Result:
    limit = journey.deadline.seconds
    observed = f"no end of it after {journey.deadline.elapsed:.0f} s, when its tabs were closed"
    result = _found(run, blank, Finding(f"it within {limit:g} s", observed), journey)
    journey.forget_people()
    return result


def _too_slow(journey: Journey, took: float) -> str:
    began = journey.deadline.began
    slowest = [told for person in journey.people if (told := person.recorder.slowest(began))]
    return f"it after {took:.1f} s" + (f"; slowest: {'; '.join(slowest)}" if slowest else "")


def _translated(journey: Journey, fault: Exception) -> Exception:
    """A crash or a browser's death that was met outside of what was expected, else the fault."""
    if type(fault).__module__.startswith("playwright."):
        for person in journey.people:
            began = journey.deadline.began
            told = explained("the page", fault, person.page, person.recorder, began)  # type: ignore[arg-type]  # it is one of Playwright's
            if isinstance(told, TabCrashedError | BrowserError):
                return told
    return fault


def _found(run: Session, blank: Result, finding: Finding, journey: Journey) -> Result:
    unwell = (base for title in _FOUNDATIONS if (base := run.result_of(title)) is not None)
    base = next((one for one in unwell if not one.outcome.is_healthy), None)
    result = conclude.found(blank, finding, base, "")
    evidence = finding.evidence or [
        f"{person.name}: {words}"
        for person in journey.people
        for words in person.recorder.told(journey.deadline.began, _LAST_EVENTS)
    ]
    return replace(result, evidence=tuple(evidence))


def _blocked(run: Session, blank: Result, title: str) -> Result:
    base = run.result_of(title)
    if base is not None and base.outcome is Outcome.BLOCKED:
        title = base.blocked_by  # the first in a chain says what to mend
    if base is not None and base.outcome is Outcome.KNOWN_GAP:
        words = f"KNOWN GAP (because of {title})"
        return replace(blank, outcome=Outcome.KNOWN_GAP, words=words, blocked_by=title)
    return conclude.blocked(blank, title)


def _unfit(run: Session, blank: Result, why: str) -> Result:
    """Blocked by this machine; no later step is tried."""
    run.unfit = run.unfit or why
    return conclude.blocked(blank, _UNFIT)


def _is_alive(run: Session) -> bool:
    browsing = run.smoke.browsing if run.smoke else None
    return browsing is not None and browsing.is_alive()


def _with_artifacts(
    run: Session, smoke: SmokeRun, result: Result, stem: str, since: float
) -> Result:
    """The result with its pictures, and on failure its traces; their time is not the step's."""
    browsing = smoke.browsing
    if browsing is None or run.unfit:
        return result
    failed = result.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.FLAKY}
    files = browsing.end_step(stem, run.redactor, since=since, failed=failed)
    return replace(
        result, artifacts=tuple(file.relative_to(run.folder).as_posix() for file in files)
    )
