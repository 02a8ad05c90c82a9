"""The hooks of one run of checks against one environment."""

from __future__ import annotations

import contextlib
import gc
import signal
from typing import TYPE_CHECKING, Any

import pytest

import vitals
from vitals.environment import TARGETS
from vitals.plugin import collecting, ending, judging
from vitals.plugin.closed_pipe import heed_no_closed_pipe
from vitals.plugin.embedded import StandinError, running
from vitals.plugin.judging import RESULT, NotHealthyError
from vitals.plugin.reporting import finish_report
from vitals.plugin.selected import CHECK
from vitals.probe.round import Round
from vitals.verdict import response_time
from vitals.verdict.judge import Exit
from vitals.verdict.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from vitals.plugin.session import Session

_QUIET = ("failed", "skipped", "xfailed")


class RunHooks:
    """Registered once it is known which environment the run looks at."""

    def __init__(self, config: pytest.Config, session: Session) -> None:
        self._config = config
        self._run = session

    def pytest_sessionstart(self) -> None:
        """Keep the verdict when the reader of the lines goes away."""
        heed_no_closed_pipe(self._config)

    def pytest_report_header(self) -> str:
        """One line that says where this run looks."""
        return f"VendHub: {self._run.environment.label}"

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember what could not be collected: a fault of the suite."""
        if report.failed:
            self._run.suite_errors.append(f"{report.nodeid} could not be collected")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count what was selected, and let garbage collection pass over all that is imported.

        pytest collects several times at its end, which costs 0.1 s over the modules of the run.
        """
        gc.freeze()
        selected = [item for item in session.items if CHECK in item.stash]
        self._run.critical_selected = collecting.critical_titles_of(selected)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, bool, bool]:
        """Send all probes of the selected checks at once; stop them whatever happens."""
        selected = [item for item in session.items if CHECK in item.stash]
        if not selected:
            return (yield)
        with contextlib.ExitStack() as stack:
            stack.enter_context(_ended_by_sigterm())
            if self._run.environment.standin is not None:
                self._start_standin(stack)
            environment = self._run.environment
            probes = [
                probe
                for item in selected
                for _, probe in judging.probes_of(item)
                if not probe.off_because(environment)
            ]
            ending.write_interrupted(self._run, self._config)
            self._run.sent = Round(
                environment,
                user_agent=f"vendhub-vitals/{vitals.__version__}",
                judging=response_time.judging(),
            )
            stack.callback(self._run.sent.stop)
            if any(item.stash[CHECK][0].step for item in selected):
                self._start_smoke(stack)
            self._run.sent.start(probes)
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Run a check with its samples; give pytest an outcome that it understands."""
        __tracebackhide__ = True
        if CHECK not in pyfuncitem.stash:
            return None
        _, target = pyfuncitem.stash[CHECK]
        self._run.critical_reached |= collecting.critical_titles_of([pyfuncitem])
        if target in TARGETS and not self._run.environment.target_url(target):
            pytest.skip(f"urls.{target} is not configured")
        result = judging.run_check(self._run, pyfuncitem)
        pyfuncitem.stash[RESULT] = result
        self._run.results.append(result)
        if result.outcome in {Outcome.OFF, Outcome.KNOWN_GAP}:
            pytest.skip(f"{result.title}: {result.words}")
        if not result.outcome.is_healthy and not result.is_warned:
            raise NotHealthyError(result.words)
        return True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the result into the report: in words, without secrets, without a traceback."""
        report = yield
        if CHECK in item.stash:
            finish_report(self._run, item, call, report)
        return report

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """The symbol and the word of an outcome, in place of a dot and "passed"."""
        result = getattr(report, "vitals", None)
        if result is None or report.when != "call":
            return None
        word = "WARNED" if result.is_warned else result.outcome.value
        return report.outcome, result.symbol, word

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> Generator[None, None, None]:
        """Keep findings out of pytest's own sections: the run's last lines tell them better."""
        stats = terminalreporter.stats
        kept = {name: stats[name] for name in _QUIET if name in stats}
        for name, reports in kept.items():
            stats[name] = [report for report in reports if not hasattr(report, "vitals")]
        try:
            return (yield)
        finally:
            stats.update(kept)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember that the run was ended early: by Ctrl-C or a signal, not by a suite error."""
        self._run.interrupted = getattr(excinfo.value, "returncode", None) != Exit.SUITE_ERROR

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Judge the run after pytest and its other plugins have said and written theirs."""
        try:
            return (yield)
        finally:
            session.exitstatus = ending.finish(self._run, self._config)

    def _start_smoke(self, stack: contextlib.ExitStack) -> None:
        from vitals.plugin.smoke import SmokeRun  # noqa: PLC0415 - only a run with steps pays for it

        reporter: Any = self._config.pluginmanager.getplugin("terminalreporter")
        wait = self._config.option.wait_for_turn
        self._run.smoke = SmokeRun(self._run, wait, getattr(reporter, "write_line", print))
        stack.callback(self._run.smoke.clean_up)

    def _start_standin(self, stack: contextlib.ExitStack) -> None:
        from vitals import environment  # noqa: PLC0415 - only the embedded stand-in needs it

        declared = self._run.environment.standin
        if declared is None:
            return
        try:
            ready = stack.enter_context(running(declared, self._config.rootpath))
        except StandinError as fault:
            self._run.suite_errors.append(str(fault))
            raise pytest.exit.Exception(str(fault), returncode=Exit.SUITE_ERROR) from None
        self._run.environment = environment.replace_urls(self._run.environment, ready)


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    def stop(signum: int, frame: object) -> None:
        del signum, frame
        pytest.exit("SIGTERM", returncode=2)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
