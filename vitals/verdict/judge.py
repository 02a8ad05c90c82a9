"""From what the checks came to, to one verdict and one exit code for the run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from vitals.verdict.outcome import Incident, Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Sequence


class Exit(IntEnum):
    """What the pipeline reads."""

    HEALTHY = 0
    UNHEALTHY = 1
    INTERRUPTED = 2
    SUITE_ERROR = 3
    USAGE = 4
    NOTHING_SELECTED = 5
    UNDECIDED = 6
    PROBER_BROKEN = 7


_EVIDENCE = {Outcome.PASS, Outcome.FLAKY, Outcome.FAIL, Outcome.KNOWN_GAP}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What besides the checks' outcomes decides about a run.

    Attributes:
        interrupted: somebody or something ended the run early.
        usage_error: the command line or the configuration was refused.
        prober_broken: the proof that the prober is at fault, in words; empty when it is not.
        unfit: why this machine could not walk the smoke path; empty when it could, or had none.
        suite_errors: a sentence for each fault of the suite that belongs to no check.
        critical_declared: critical checks that exist in the folders that the run reached.
        critical_selected: those of them that were selected.
        critical_unreached: those of the selected that the run ended without trying.
    """

    interrupted: bool = False
    usage_error: bool = False
    prober_broken: str = ""
    unfit: str = ""
    suite_errors: tuple[str, ...] = ()
    critical_declared: int = 0
    critical_selected: int = 0
    critical_unreached: int = 0

    @property
    def is_partial(self) -> bool:
        """Whether something critical was left out by selection."""
        return self.critical_selected < self.critical_declared


@dataclass(frozen=True, slots=True)
class Verdict:
    """The run in one value: its exit code and the worst incident level of what is not healthy."""

    exit_code: Exit
    incident: Incident | None


def judge(results: Sequence[Result], circumstances: Circumstances) -> Verdict:
    """Decide about a run: the first of the documented rules that applies.

    Args:
        results: one result for each selected check that was reached.
        circumstances: what else is known about the run.
    """
    return Verdict(_exit_code(results, circumstances), worst_incident(results))


def worst_incident(results: Sequence[Result]) -> Incident | None:
    """The most urgent level among findings, undecided and blocked checks; None if all is well."""
    unwell = {Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.BLOCKED}
    levels = [result.incident for result in results if result.outcome in unwell]
    return min(levels, default=None, key=lambda level: level.value)


def _exit_code(results: Sequence[Result], run: Circumstances) -> Exit:
    critical = [result for result in results if result.is_critical]
    outcomes = {result.outcome for result in critical}
    reached_pass = any(outcome.is_healthy for outcome in outcomes)
    undecided = bool(outcomes & {Outcome.INCONCLUSIVE, Outcome.BLOCKED})
    has_evidence = any(result.outcome in _EVIDENCE for result in results)
    suite_error = any(result.outcome is Outcome.SUITE_ERROR for result in results)
    rules = (
        (run.interrupted, Exit.INTERRUPTED),
        (run.usage_error, Exit.USAGE),
        (bool(run.prober_broken or run.unfit), Exit.PROBER_BROKEN),
        (Outcome.FAIL in outcomes, Exit.UNHEALTHY),
        (suite_error or bool(run.suite_errors), Exit.SUITE_ERROR),
        (not results, Exit.NOTHING_SELECTED),
        (undecided or run.critical_unreached > 0 or not has_evidence, Exit.UNDECIDED),
        (not run.is_partial and not reached_pass, Exit.UNDECIDED),
    )
    return next((code for applies, code in rules if applies), Exit.HEALTHY)
