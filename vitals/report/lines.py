"""The last lines on the terminal, in the runbook's words."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from vitals.verdict.judge import Circumstances, Exit, Verdict
from vitals.verdict.outcome import Incident, Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

RUNBOOK = ("API Health", "Frontend", "API Response Time")
"""The three lines that the runbook shows, in its order."""

STEPS = (
    "Login via Telegram",
    "View dashboard",
    "Create a test task",
    "Upload a photo",
    "Complete the task",
    "Check real-time updates",
)
"""The smoke path as the runbook lists it, in its order."""

_ORDER = (
    Outcome.FAIL,
    Outcome.SUITE_ERROR,
    Outcome.INCONCLUSIVE,
    Outcome.FLAKY,
    Outcome.KNOWN_GAP,
    Outcome.BLOCKED,
    Outcome.OFF,
    Outcome.PASS,
)
_LINE_ENDS = "\u2028\u2029"
_ROLLBACK_WINDOW_S = 3600


class Style(StrEnum):
    """What a line says at a glance; the terminal decides whether it has a colour for it."""

    GOOD = "good"
    BAD = "bad"
    UNSURE = "unsure"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text and its style."""

    text: str
    style: Style = Style.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What a failing run advises, from the environment and the command line.

    Attributes:
        rollback: the environment's rollback command, empty if none.
        verify: the command that verifies a rollback, empty if none.
        deployed_at: when the deploy began, if the caller said.
        ended: when the run ended (UTC).
        was_begun: whether the smoke path was walked at all.
        open: what it should have removed from the target and did not, a sentence each.
        listed: what it made there that VendHub cannot remove.
        sweep: the command that removes what is open; empty where it goes by itself.
    """

    rollback: str = ""
    verify: str = ""
    deployed_at: datetime | None = None
    ended: datetime | None = None
    was_begun: bool = False
    open: Sequence[str] = ()
    listed: Sequence[str] = ()
    sweep: str = ""


def lines(
    results: Sequence[Result],
    verdict: Verdict,
    circumstances: Circumstances,
    aftermath: Aftermath,
    *,
    verbose: bool = False,
) -> list[Line]:
    """Everything that the run says last: runbook lines, what is not PASS, count, closing sentence.

    Args:
        results: in the order of the run.
        verdict: what they came to.
        circumstances: what else decided.
        aftermath: what to advise when the run is not healthy.
        verbose: show every check, not only those that need attention.
    """
    first = [result for name in (*RUNBOOK, *STEPS) for result in results if result.title == name]
    others = [r for r in results if r not in first and (verbose or _is_noteworthy(r))]
    shown = [*first, *sorted(others, key=_urgency)]
    said = [line for result in shown for line in _told(result, verbose=verbose)]
    hidden = len(results) - len(shown)
    if hidden:
        said.append(Line(f"{hidden} more passed (-v shows them)"))
    said += [Line(printable(f"! {text}"), Style.BAD) for text in circumstances.suite_errors]
    said += _left(aftermath, verbose=verbose)
    said += _advice(verdict, aftermath)
    return [*said, _closing(results, verdict, circumstances)]


def printable(text: str) -> str:
    """Text from the target made harmless: control and direction characters become escapes."""
    return "".join(
        _escaped(char) if unicodedata.category(char)[0] == "C" or char in _LINE_ENDS else char
        for char in text
    )


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")


def _urgency(result: Result) -> tuple[int, bool]:
    return _ORDER.index(result.outcome), not result.is_critical


def _is_noteworthy(result: Result) -> bool:
    return result.outcome is not Outcome.PASS or result.gap_closed


def _told(result: Result, *, verbose: bool) -> list[Line]:
    text = f"{result.symbol} {result.title}: {result.words}"
    if verbose and result.timing:
        text += f" · {result.timing}"
    told = [Line(printable(text), _style(result))]
    if result.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE} and result.is_critical:
        told += [
            Line(printable(f"    {name:<9} {value}"))
            for name, value in (
                ("expected", result.expected),
                ("observed", result.observed),
                ("runbook", result.runbook),
                ("repeat", result.repeat),
                *(("seen", line) for line in result.evidence),
                *(("file", file) for file in result.artifacts),
            )
            if value
        ]
    return told


def _style(result: Result) -> Style:
    if result.outcome is Outcome.PASS:
        return Style.GOOD
    if result.outcome in {Outcome.FAIL, Outcome.SUITE_ERROR} and not result.is_warned:
        return Style.BAD
    return Style.PLAIN if result.outcome is Outcome.OFF else Style.UNSURE


def _left(aftermath: Aftermath, *, verbose: bool) -> list[Line]:
    if not aftermath.was_begun:
        return []
    kept = len(aftermath.listed)
    told = [Line(printable(f"! Left behind: {words}"), Style.BAD) for words in aftermath.open]
    if told:
        end = f"{aftermath.sweep} removes it" if aftermath.sweep else "It goes with the stand-in"
        told.append(Line(end))
    else:
        tail = f"; {kept} thing(s) that VendHub cannot remove" if kept else ""
        hint = " (-v lists them)" if kept and not verbose else ""
        told.append(Line(f"Left behind: nothing open{tail}{hint}"))
    if verbose:
        told += [Line(printable(f"    kept      {words}")) for words in aftermath.listed]
    return told


def _advice(verdict: Verdict, aftermath: Aftermath) -> list[Line]:
    if verdict.exit_code not in {Exit.UNHEALTHY, Exit.UNDECIDED} or verdict.incident is None:
        return []
    level = verdict.incident
    advice = [Line(f"Incident level {level}: respond within {level.response}", Style.BAD)]
    recent = (
        aftermath.deployed_at is not None
        and aftermath.ended is not None
        and (aftermath.ended - aftermath.deployed_at).total_seconds() <= _ROLLBACK_WINDOW_S
    )
    rolls_back = verdict.exit_code is Exit.UNHEALTHY and (
        level is Incident.P1 or (level is Incident.P2 and recent)
    )
    if rolls_back and aftermath.rollback:
        advice.append(
            Line(f"Rollback: {aftermath.rollback}   (check for migrations in this release first)")
        )
        if aftermath.verify:
            advice.append(Line(f"Verify it: {aftermath.verify}"))
    return advice


def _closing(results: Sequence[Result], verdict: Verdict, run: Circumstances) -> Line:
    critical = [result for result in results if result.is_critical]
    failed = sum(result.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE} for result in critical)
    undecided = sum(
        result.outcome in {Outcome.INCONCLUSIVE, Outcome.BLOCKED} for result in critical
    )
    match verdict.exit_code:
        case Exit.HEALTHY if run.is_partial:
            part = f"{run.critical_selected} of {run.critical_declared} critical"
            return Line(f"Selected checks passed (partial run: {part}).", Style.GOOD)
        case Exit.HEALTHY:
            off = [result.title for result in results if result.outcome is Outcome.OFF]
            tail = f" ({len(off)} OFF: {', '.join(off)})" if off else ""
            return Line(f"All critical checks passed!{tail}", Style.GOOD)
        case Exit.UNHEALTHY:
            return Line(f"{failed} critical check(s) failed!", Style.BAD)
        case Exit.INTERRUPTED:
            return Line("Interrupted: nothing is said about VendHub.", Style.UNSURE)
        case Exit.SUITE_ERROR:
            return Line("Suite error: a check itself is broken, see above.", Style.BAD)
        case Exit.NOTHING_SELECTED:
            return Line("Nothing was selected, so nothing is known.", Style.UNSURE)
        case Exit.PROBER_BROKEN if not run.prober_broken:
            why = printable(run.unfit)
            found = f" {failed} critical check(s) failed!" if failed else ""
            return Line(f"The smoke path could not be walked: {why}.{found}", Style.UNSURE)
        case Exit.PROBER_BROKEN:
            why = printable(run.prober_broken)
            return Line(
                f"The prober is broken: {why}. Nothing is said about VendHub.", Style.UNSURE
            )
        case _ if undecided:
            return Line(f"{undecided} critical check(s) could not be decided.", Style.UNSURE)
        case _:
            return Line("Undecided: no critical check gave evidence.", Style.UNSURE)
