"""What the suite adds to the page of pytest-html: the lines on top, its own outcomes, no noise."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from vitals.plugin import ending
from vitals.report.lines import printable

if TYPE_CHECKING:
    import pytest

    from vitals.plugin.session import Session
    from vitals.verdict.outcome import Result


class HtmlHooks:
    """The hooks of pytest-html; registered when its page is written."""

    def __init__(self, config: pytest.Config, run: Session) -> None:
        self._config = config
        self._run = run

    def pytest_html_report_title(self, report: Any) -> None:
        """Name the page after the run, not after its file."""
        when = f"{self._run.started:%Y-%m-%d %H:%M:%S} UTC"
        report.title = f"VendHub {self._run.environment.label} · {when}"

    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        """Begin with the lines that the terminal ends with."""
        said = ending.last_lines(self._run, self._config)
        text = self._run.redactor.text("\n".join(line.text for line in said))
        prefix.append(f'<pre style="white-space: pre-wrap; color: #222">{escape(text)}</pre>')

    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        """Name the columns of the suite's own outcome and title."""
        cells.insert(1, "<th>Outcome</th>")
        cells.insert(2, "<th>Check</th>")

    def pytest_html_results_table_row(self, report: pytest.TestReport, cells: list[str]) -> None:
        """Show outcome and title; leave out instances for surfaces that do not exist here."""
        result = _result(report)
        if result is None and report.skipped:
            cells.clear()
            return
        word = "WARNED" if result and result.is_warned else result.outcome if result else ""
        cells.insert(1, f"<td>{escape(word or report.outcome)}</td>")
        cells.insert(2, f"<td>{escape(printable(result.title)) if result else ''}</td>")

    def pytest_html_results_table_html(self, report: pytest.TestReport, data: list[str]) -> None:
        """Say in the details what the line says, not where in the plugin it was said."""
        result = _result(report)
        if result is None:
            return
        rows = {
            "": result.words,
            "expected": result.expected,
            "observed": result.observed,
            "timing": result.timing,
            "runbook": result.runbook,
            "repeat": result.repeat,
        }
        text = "\n".join(f"{name:<9} {words}".strip() for name, words in rows.items() if words)
        clean = "\n".join(map(printable, self._run.redactor.text(text).splitlines()))
        data[:] = [escape(clean)]


def _result(report: pytest.TestReport) -> Result | None:
    return getattr(report, "vitals", None)
