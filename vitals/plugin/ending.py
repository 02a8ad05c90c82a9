"""The end of a run: verdict, record, JUnit, and the last lines."""

from __future__ import annotations

import platform
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import vitals
from vitals.environment import TARGETS
from vitals.record import gates, samples
from vitals.record import run as shapes
from vitals.record.times import rfc3339
from vitals.record.write import write_bytes, write_record
from vitals.report import junit
from vitals.report.lines import Aftermath, Line, Style, lines
from vitals.verdict.judge import Circumstances, Exit, Verdict, judge

if TYPE_CHECKING:
    import pytest
    from _pytest.terminal import TerminalReporter

    from vitals.plugin.session import Session

_MARKUP = {
    Style.GOOD: {"green": True},
    Style.BAD: {"red": True, "bold": True},
    Style.UNSURE: {"yellow": True},
    Style.PLAIN: {},
}
INTERRUPTED = "INTERRUPTED"
COMPLETE = "complete"


def write_interrupted(run: Session, config: pytest.Config) -> None:
    """Leave a record that says INTERRUPTED, until the run has ended by itself.

    Raises:
        OSError: the reports folder cannot be written to.
    """
    verdict = Verdict(Exit.INTERRUPTED, None)
    _write(run, config, verdict, Circumstances(interrupted=True), "Interrupted.")


def finish(run: Session, config: pytest.Config) -> int:
    """Judge the run, write its artefacts, print its last lines.

    Returns:
        The exit code of the run.
    """
    circumstances = _circumstances(run)
    verdict = judge(run.results, circumstances)
    said = _last_lines(run, config, verdict, circumstances)
    if run.sent is not None:
        try:
            _write(run, config, verdict, circumstances, said[-1].text)
            _write_junit(run)
        except OSError as fault:
            text = f"the record could not be written: {fault}"
            circumstances = _with_suite_error(circumstances, text)
            verdict = judge(run.results, circumstances)
            said = _last_lines(run, config, verdict, circumstances)
    else:
        shutil.rmtree(run.folder, ignore_errors=True)  # nothing was sent: a page alone would lie
    _print(config, [Line(run.redactor.text(line.text), line.style) for line in said])
    return int(verdict.exit_code)


def last_lines(run: Session, config: pytest.Config) -> list[Line]:
    """What the run says last, as far as it has come."""
    circumstances = _circumstances(run)
    return _last_lines(run, config, judge(run.results, circumstances), circumstances)


def _circumstances(run: Session) -> Circumstances:
    return Circumstances(
        interrupted=run.interrupted,
        prober_broken=_prober_broken(run),
        unfit=run.unfit,
        suite_errors=tuple(run.suite_errors),
        critical_declared=run.critical_declared,
        critical_selected=len(run.critical_selected),
        critical_unreached=len(run.critical_selected - run.critical_reached),
    )


def _prober_broken(run: Session) -> str:
    if run.sent is None:
        return ""
    # Without probes of the product, the round cannot tell that the product did answer.
    is_answered = run.smoke is not None and run.smoke.has_answer and not run.sent.all_samples()
    return ("" if is_answered else run.sent.prober_broken() or "") or run.starved


def _last_lines(
    run: Session, config: pytest.Config, verdict: Verdict, circumstances: Circumstances
) -> list[Line]:
    aftermath = Aftermath(
        rollback=run.environment.rollback.command,
        verify=run.environment.rollback.verify,
        deployed_at=run.release.deployed_at,
        ended=datetime.now(UTC),
        open=run.smoke.left.open if run.smoke else (),
        listed=run.smoke.left.listed if run.smoke else (),
        sweep="" if run.environment.standin else f"vitals sweep --env {run.environment.name}",
        was_begun=run.smoke is not None and run.smoke.was_begun,
    )
    verbose = config.get_verbosity() > 0
    return lines(run.results, verdict, circumstances, aftermath, verbose=verbose)


def _print(config: pytest.Config, said: list[Line]) -> None:
    reporter: TerminalReporter | None = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None:
        return
    reporter.ensure_newline()
    for line in said:
        reporter.write_line(line.text, **_MARKUP[line.style])


def _with_suite_error(circumstances: Circumstances, text: str) -> Circumstances:
    return replace(circumstances, suite_errors=(*circumstances.suite_errors, text))


def _write_junit(run: Session) -> None:
    document = junit.document(
        run.results,
        run.suite_errors,
        name=run.environment.label,
        timestamp=rfc3339(run.started),
    )
    clean = run.redactor.text(document.decode()).encode()
    write_bytes(run.folder / "junit.xml", clean)


def _write(
    run: Session,
    config: pytest.Config,
    verdict: Verdict,
    circumstances: Circumstances,
    sentence: str,
) -> None:
    observations = run.sent.all_samples() if run.sent else ()
    gate_samples = run.sent.gate_samples() if run.sent else ()
    environment = run.environment
    interrupted = circumstances.interrupted
    record = shapes.RunRecord(
        schema=shapes.SCHEMA,
        run=shapes.RunInfo(
            id=run.id,
            status=INTERRUPTED if interrupted else COMPLETE,
            started=rfc3339(run.started),
            ended=None if interrupted else rfc3339(datetime.now(UTC)),
            suite_version=vitals.__version__,
            python=platform.python_version(),
            platform=platform.system(),
        ),
        environment=shapes.EnvironmentInfo(
            name=environment.name,
            label=environment.label,
            description=environment.description,
            urls={t: url for t in TARGETS if (url := environment.target_url(t))},
        ),
        overrides=list(environment.overrides),
        selection=shapes.Selection(
            arguments=[str(word) for word in config.invocation_params.args],
            critical_declared=run.critical_declared,
            critical_selected=len(run.critical_selected),
            critical_unreached=circumstances.critical_unreached,
        ),
        builds=samples.builds(observations),
        prober=shapes.ProberInfo(
            broken=circumstances.prober_broken or circumstances.unfit,
            control=_controls(run),
        ),
        probes=[*samples.probe_infos(observations), *gates.series_probes(gate_samples)],
        gates=gates.gate_infos(gate_samples),
        findings=[_finding(result) for result in run.results],
        left=_left(run),
        counts=samples.added(samples.counts(observations), gates.counts(gate_samples)),
        verdict=shapes.VerdictInfo(
            exit_code=int(verdict.exit_code),
            incident=verdict.incident.value if verdict.incident else None,
            sentence=sentence,
            suite_errors=list(circumstances.suite_errors),
        ),
    )
    write_record(record, run.folder, run.redactor)


def _controls(run: Session) -> list[shapes.SampleInfo]:
    if run.sent is None:
        return []
    try:
        control = run.sent.control
    except TimeoutError:
        return []  # the prober could not start: the proof stands beside
    return [samples.sample_info(sample) for sample in (control.own, *control.urls)]


def _left(run: Session) -> shapes.LeftInfo:
    left = run.smoke.left if run.smoke else None
    return shapes.LeftInfo(
        open=list(left.open) if left else [],
        listed=list(left.listed) if left else [],
        removed=list(left.removed) if left else [],
    )


def _finding(result: object) -> shapes.FindingInfo:
    names = shapes.FindingInfo.__dataclass_fields__
    values = {name: getattr(result, name) for name in names}
    for name in ("probes", "evidence", "artifacts"):
        values[name] = list(values[name])
    return shapes.FindingInfo(**values)
