"""The commands that ask a target: what killed runs left, and stored sessions."""

from __future__ import annotations

import importlib
import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vitals import environment as environments
from vitals.journal import sessions
from vitals.journal import sweep as sweep_target
from vitals.journal.ending import ENDS_BY_ITSELF, end_session
from vitals.journal.entries import new_id
from vitals.journal.folder import StateError, state_folder
from vitals.journal.left import Effort
from vitals.journal.lock import BusyError, acquire
from vitals.journal.sessions import SessionError
from vitals.probe.account import Account, SignInError, sign_in
from vitals.probe.fault import printable
from vitals.redact import Redactor

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from vitals.environment import Environment
    from vitals.environment.tables import Identities

_DIFFERS = 1
_USAGE = 4
_CANNOT = 7
_SECONDS = 20.0


class CommandError(Exception):
    """A command that could not be done; the text says what happened and what to do next."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


def sweep(asked: argparse.Namespace, tell: Callable[[str], None]) -> int:
    """Remove what killed runs left on the target.

    Returns:
        0 when nothing is open any more, 1 when something is.

    Raises:
        CommandError: the environment is wrong, a run is in progress, or nothing can be reached.
    """
    where = _environment(asked, "sweep", asked.sets)
    try:
        with acquire(state_folder(where), f"sweep-{new_id()}"):
            left = sweep_target(where)
    except BusyError as fault:
        raise CommandError(_CANNOT, f"{fault}; sweep again when it has ended") from None
    except StateError as fault:
        raise CommandError(_CANNOT, str(fault)) from None
    for sentence in left.removed:
        tell(f"✓ {sentence}")
    for sentence in left.listed:
        tell(f"· {sentence}")
    for sentence in left.open:
        tell(f"✗ {sentence}")
    if left.unreachable:
        url = where.target_url("api")
        raise CommandError(
            _CANNOT, f"{url} cannot be reached: {left.unreachable}; sweep again when it answers"
        )
    counts = f"{len(left.removed)} removed, {len(left.listed)} that VendHub keeps"
    if left.open:
        tell(f"{where.label}: {counts}, {len(left.open)} still open; sweep again, or look there")
        return _DIFFERS
    tell(f"{where.label}: {counts}, nothing is open")
    return 0


def login(asked: argparse.Namespace, tell: Callable[[str], None]) -> int:
    """Open a session and keep it, or end the one that is kept.

    Returns:
        0, because everything else raises.

    Raises:
        CommandError: the environment is wrong, nobody was let in, or nothing can be reached.
    """
    where = _environment(asked, "log in to")
    person = cast("Identities", asked.person)
    try:
        with sessions.held(state_folder(where), person):
            if asked.forget:
                _forget(where, person, tell)
            else:
                _log_in(where, person, tell)
    except (StateError, SessionError) as fault:
        raise CommandError(_CANNOT, str(fault)) from None
    except SignInError as fault:
        raise CommandError(_CANNOT if fault.is_unanswered else _DIFFERS, str(fault)) from None
    return 0


def _log_in(where: Environment, person: Identities, tell: Callable[[str], None]) -> None:
    earlier = _earlier(where, person)
    who = where.identities.get(person)
    account = sign_in(where, person) if who and who.can_log_in else _by_hand(where, person, tell)
    with ExitStack() as stack:
        stack.callback(lambda: account.sign_out(seconds=_SECONDS))  # unless it can be kept
        path = sessions.store(state_folder(where), account)
        stack.pop_all()
    tell(f"{person} is logged in to {where.label}; the session is kept in {path}")
    if earlier is not None and (words := _ended(where, earlier)):
        tell(f"the earlier session of {person} is not known to be over ({words})")


def _by_hand(where: Environment, person: Identities, tell: Callable[[str], None]) -> Account:
    who = where.identities.get(person)
    unset = f", or set ${who.unset[0]}" if who and who.unset else ""
    try:
        module: Any = importlib.import_module("vitals.browser.by_hand")
        log_in_by_hand: Callable[[Environment, str], Mapping[str, Any]] = module.log_in_by_hand
    except (ImportError, AttributeError):
        raise CommandError(
            _CANNOT,
            f"{person} has to log in by hand in a browser window, and there is no browser here:"
            f" install the dependency group browser and run playwright install chromium{unset}",
        ) from None
    tell(f"log in as {person} in the window that opens")
    try:
        data = log_in_by_hand(where, person)
    except Exception as fault:  # noqa: BLE001 - a browser raises whatever it likes
        said = Redactor(where.secret_values).text(str(fault)) or type(fault).__name__
        words = f"{person} did not log in by hand: {printable(said)}; try again{unset}"
        raise CommandError(_DIFFERS, words) from None
    return Account.of(where, person, data)


def _forget(where: Environment, person: str, tell: Callable[[str], None]) -> None:
    stored = sessions.load(state_folder(where), person)
    if stored is None:
        tell(f"no session of {person} at {where.label} is stored, so there is none to forget")
        return
    words = _ended(where, stored)
    if words and not words.endswith(ENDS_BY_ITSELF):
        path = sessions.path_of(state_folder(where), person)
        raise CommandError(
            _CANNOT,
            f"the session of {person} is kept, because it could not be ended: {words}; try again,"
            f" or delete {path}: it {ENDS_BY_ITSELF}",
        )
    sessions.forget(state_folder(where), person)
    tell(f"the session of {person} at {where.label} is ended and forgotten")


def _earlier(where: Environment, person: str) -> sessions.StoredSession | None:
    """The session that a new login replaces; a file that cannot be read is replaced as it is."""
    try:
        return sessions.load(state_folder(where), person)
    except StateError:
        return None


def _ended(where: Environment, stored: sessions.StoredSession) -> str:
    """End a stored session; gives why that did not work, "" when it did."""
    effort = Effort(where, _SECONDS)
    account = stored.account(where)

    def renewed() -> None:
        sessions.store(state_folder(where), account)

    return end_session(account, effort, renewed)


def _environment(
    asked: argparse.Namespace, purpose: str, sets: tuple[str, ...] = ()
) -> Environment:
    folder = _root() / "environments"
    name = asked.env or os.environ.get("VENDHUB_ENV")
    if not name:
        raise CommandError(_USAGE, environments.missing_environment_message(folder))
    try:
        where = environments.load(name, folder=folder, sets=sets)
    except environments.ConfigError as fault:
        raise CommandError(_USAGE, str(fault)) from None
    if where.standin is not None:
        raise CommandError(
            _USAGE,
            f"there is nothing to {purpose} at {where.name}: each run starts a stand-in of its own,"
            " which ends with it; name an environment with [urls]",
        )
    if not where.target_url("api"):
        raise CommandError(
            _USAGE, f"there is nothing to {purpose} at {where.name}: urls.api is OFF; set it"
        )
    return where


def _root() -> Path:
    """The folder with the environments: the current one, else the repository of this package."""
    here = Path.cwd()
    return here if (here / "environments").is_dir() else Path(__file__).parent.parent
