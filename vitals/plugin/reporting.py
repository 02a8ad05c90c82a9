"""A check's result in pytest's own report, so that its other plugins tell the same story."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vitals.plugin.judging import RESULT, blank_result
from vitals.verdict.outcome import Outcome

if TYPE_CHECKING:
    import pytest

    from vitals.plugin.session import Session


def finish_report(
    run: Session, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport
) -> None:
    """Attach the result to a report, in words and with every secret hidden.

    A failure without a result is a fault of the suite: it keeps its traceback and becomes a
    result of its own.
    """
    redact = run.redactor.text
    report.sections = [(name, redact(text)) for name, text in report.sections]
    result = item.stash.get(RESULT, None)
    if report.failed and (result is None or report.when != "call"):
        fault = call.excinfo.exconly() if call.excinfo else "an error"
        words = redact(f"SUITE ERROR ({fault.splitlines()[0]})")
        run.results[:] = [known for known in run.results if known.id != item.nodeid]
        blank = blank_result(item, Outcome.SUITE_ERROR)
        run.results.append(replace(blank, words=words))
        report.longrepr = redact(str(report.longrepr))
        return
    if result is None or report.when != "call":
        return
    report.vitals = result  # type: ignore[attr-defined]  # read back by the hooks of this plugin
    if report.failed:
        prefix = "" if result.outcome is Outcome.FAIL else f"{result.outcome.value}: "
        report.longrepr = redact(f"{prefix}{result.title}: {result.words}\n{result.repeat}")
    if result.outcome is Outcome.KNOWN_GAP:
        report.wasxfail = redact(result.words)
