"""The state of one pytest run of checks: where it looks, what it sent, what came out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from vitals.redact import Redactor

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from vitals.environment import Environment
    from vitals.plugin.smoke import SmokeRun
    from vitals.probe.round import Round
    from vitals.verdict.builds import Release
    from vitals.verdict.outcome import Result


@dataclass(kw_only=True)
class Session:
    """What the hooks of one run share.

    Attributes:
        environment: where the run looks.
        release: what the caller said about the deploy.
        folder: where the artefacts go; made when the first probe is sent.
        results: what the checks came to, in the order they ran.
        suite_errors: one sentence for each fault of the suite that belongs to no check.
        critical_declared: how many critical checks the folders reached by the run declare.
        critical_selected: the titles, as declared, of those that were selected.
        critical_reached: the titles of those that were tried.
        starved: the proof that the prober was too late for a gate's samples; empty if it was not.
        sent: the round of this run; None until something is sent.
        smoke: the smoke path of this run; None when no step was selected.
        unfit: why this machine cannot walk the smoke path; empty while it can.
    """

    environment: Environment
    release: Release
    folder: Path
    id: str
    started: datetime
    results: list[Result] = field(default_factory=list)
    suite_errors: list[str] = field(default_factory=list)
    critical_declared: int = 0
    critical_selected: set[str] = field(default_factory=set)
    critical_reached: set[str] = field(default_factory=set)
    interrupted: bool = False
    starved: str = ""
    sent: Round | None = None
    smoke: SmokeRun | None = None
    unfit: str = ""
    _learned: dict[str, str] = field(default_factory=dict)
    _redactor: tuple[Environment, Redactor] | None = None

    @property
    def redactor(self) -> Redactor:
        """Hides the secrets of this environment, and those that the product handed out."""
        if self._redactor is None or self._redactor[0] is not self.environment:
            secrets = {**self._learned, **self.environment.secret_values}
            self._redactor = (self.environment, Redactor(secrets))
        return self._redactor[1]

    def learn(self, name: str, value: str) -> None:
        """Hide a value from everything that is written or printed from now on."""
        if value and value not in self._learned.values():
            taken = sum(known.startswith(name) for known in self._learned)
            self._learned[f"{name}_{taken + 1}" if taken else name] = value
            self._redactor = None

    def result_of(self, title: str) -> Result | None:
        """The result of the check with this title, None when it did not run."""
        return next((result for result in self.results if result.title == title), None)


SESSION = pytest.StashKey[Session]()
