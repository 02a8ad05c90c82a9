"""The smoke path of one run: its turn on this machine, its journal, and what it leaves behind."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vitals.browser.errors import BlockedError, BrowserError
from vitals.browser.journey import Journey
from vitals.journal.entries import Journal
from vitals.journal.folder import StateError, state_folder
from vitals.journal.left import Left
from vitals.journal.lock import BusyError, Lock, acquire
from vitals.journal.sweep import clean, sweep

if TYPE_CHECKING:
    from collections.abc import Callable

    from vitals.browser.browsing import Browsing
    from vitals.plugin.session import Session

CLEAN_UP_S = 30.0
_BROWSING = "vitals_browsing"


class SmokeRun:
    """Made when steps were selected; nothing happens before the first step that is not OFF.

    Args:
        run: the run that it is part of.
        wait_seconds: for which another smoke run of the environment is waited for.
        tell: is told for whom it waits.
    """

    def __init__(self, run: Session, wait_seconds: float, tell: Callable[[str], None]) -> None:
        self._run = run
        self._tell = tell
        self._wait_seconds = wait_seconds
        self._stack = contextlib.ExitStack()
        self._journey: Journey | None = None
        self._journal: Journal | None = None
        self._refusal = ""
        self._browsing: Browsing | None = None
        self.request: pytest.FixtureRequest | None = None
        self.left = Left()
        self.was_begun = False

    @property
    def browsing(self) -> Browsing | None:
        """The run's browser, None until a step has needed it."""
        return self._browsing

    @property
    def has_answer(self) -> bool:
        """Whether the product has answered anything to the browser."""
        journey = self._journey
        if journey is None:
            return False
        exchanges = (e for person in journey.people for e in person.recorder.exchanges)
        return any(exchange.status is not None for exchange in exchanges)

    def _state(self) -> Path:
        """The folder of the environment on this machine.

        That of an embedded stand-in ends with the run, as the stand-in does.

        Raises:
            StateError: there can be none.
        """
        if self._run.environment.standin is None:
            return state_folder(self._run.environment)
        return Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="vitals-")))

    def ready(self) -> Journey:
        """The journey, once this run has its turn and earlier runs' leftovers are swept.

        Raises:
            BlockedError: another run has its turn, or had it when the first step asked.
            StateError: no journal can be kept on this machine, so nothing may be made.
        """
        if self._refusal:
            raise BlockedError(self._refusal)
        if self._journey is None:
            self._journey = self._begin()
        return self._journey

    def _begin(self) -> Journey:
        run, state = self._run, self._state()
        try:
            lock = acquire(state, run.id, self._wait_seconds, self._told)
        except BusyError as fault:
            self._refusal = str(fault)
            raise BlockedError(self._refusal) from None
        self._stack.callback(Lock.release, lock)
        self.was_begun = True
        if run.environment.standin is None:
            self.left = sweep(run.environment)
        self._journal = Journal.begin(state, run.id)
        return Journey(
            environment=run.environment,
            run_id=run.id,
            started=run.started,
            journal=self._journal,
            browse=self._browse,
            learn=run.learn,
        )

    def _told(self, words: str) -> None:
        """Say something now, though pytest keeps what a test prints to itself."""
        capture = self.request and self.request.config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
            self._tell(words)

    def _browse(self) -> Browsing:
        if self._browsing is None:
            if self.request is None:
                raise RuntimeError("a browser was asked for outside of a step")
            try:
                self._browsing = self.request.getfixturevalue(_BROWSING)
            except pytest.FixtureLookupError:
                raise BrowserError(
                    "the package pytest-playwright is not installed; make setup installs it"
                ) from None
        return self._browsing

    def clean_up(self) -> None:
        """Remove what the run made, ask the API whether it is gone, and end the turn.

        It needs no browser, so it works after one that died.
        """
        with self._stack:
            if self._journey is None or self._journal is None:
                return
            try:
                left = clean(
                    self._run.environment,
                    self._journal,
                    accounts=self._journey.accounts,
                    seconds=CLEAN_UP_S,
                )
            except StateError as fault:
                left = Left(open=(f"what this run made, as far as it is not removed yet: {fault}",))
            self.left = Left.sum(self.left, left)
            self._journal.finish()
