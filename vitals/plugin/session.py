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
    _redactor: tuple[Environment, Redactor] | None = None

    @property
    def redactor(self) -> Redactor:
        """Hides the secrets of this environment."""
        if self._redactor is None or self._redactor[0] is not self.environment:
            self._redactor = (self.environment, Redactor(self.environment.secret_values))
        return self._redactor[1]

    def result_of(self, title: str) -> Result | None:
        """The result of the check with this title, None when it did not run."""
        return next((result for result in self.results if result.title == title), None)


SESSION = pytest.StashKey[Session]()
