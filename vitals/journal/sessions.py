"""Sessions that a person opened with `vitals login` and that later runs go on with."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vitals.journal.folder import (
    StateError,
    open_own,
    replace_file,
    state_folder,
    sync_folder,
    unusable,
)
from vitals.journal.lock import flock_within
from vitals.probe.account import Account
from vitals.probe.api import SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from vitals.environment import Environment

_WAIT_S = 30.0
_REFUSED = {400, 401, 403}


class SessionError(Exception):
    """A stored session cannot be used now; its text is one sentence for people."""


class SessionExpiredError(SessionError):
    """There is no stored session that VendHub still accepts."""


class SessionUnansweredError(SessionError):
    """Whether VendHub accepts the stored session is not known; the file stays as it is."""


@dataclass(frozen=True, slots=True)
class StoredSession:
    """What the file of a person holds; `at` is UTC in ISO 8601."""

    person: str
    user: Mapping[str, Any]
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    at: str

    def account(self, environment: Environment) -> Account:
        """The session itself.

        Raises:
            SignInError: no token may be sent to this API.
        """
        return Account(
            environment,
            self.person,
            access_token=self.access_token,
            refresh_token=self.refresh_token,
            user=self.user,
        )


def load(folder: Path, name: str) -> StoredSession | None:
    """The stored session of a person, None if there is none.

    Raises:
        StateError: the file cannot be read.
    """
    path = path_of(folder, name)
    try:
        document = json.loads(path.read_bytes())
        texts = {key: str(document[key]) for key in ("access_token", "refresh_token", "at")}
        return StoredSession(person=name, user=dict(document["user"]), **texts)
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise unusable(path, fault) from None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise StateError(f"{path}: no stored session: delete it, and log in again") from None


def store(folder: Path, account: Account) -> Path:
    """Keep a session, replacing an earlier one in one step; gives where.

    Raises:
        StateError: it cannot be written.
    """
    path = path_of(folder, account.name)
    session = StoredSession(
        person=account.name,
        user=dict(account.user),
        access_token=account.access_token,
        refresh_token=account.refresh_token,
        at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    )
    try:
        replace_file(path, json.dumps(asdict(session)).encode())
    except OSError as fault:
        raise unusable(path, fault) from None
    return path


def forget(folder: Path, name: str) -> None:
    """Delete the file of a person; the session itself has to be ended before.

    Raises:
        StateError: it cannot be deleted.
    """
    path = path_of(folder, name)
    try:
        path.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as fault:
        raise unusable(path, fault) from None


def refreshed(
    environment: Environment, name: str, *, folder: Path | None = None, seconds: float = SECONDS
) -> Account:
    """The stored session with new tokens, which are stored before this returns.

    The account must not refresh by itself: a later run goes on with what is stored.

    Args:
        environment: whose API opened the session.
        name: the person.
        folder: where it is stored; None for the environment's own.
        seconds: for which the API's answer is awaited.

    Raises:
        SessionExpiredError: there is none that VendHub accepts; says what to run.
        SessionUnansweredError: VendHub did not answer, or answered a fault of its own.
        SignInError: no token may be sent to this API.
        StateError: the file cannot be read or written.
    """
    folder = folder or state_folder(environment)
    with held(folder, name):
        session = load(folder, name)
        command = f"run vitals login --env {environment.name} --as {name}"
        if session is None:
            raise SessionExpiredError(f"no session of {name} is stored, {command}")
        account = session.account(environment)
        answer = account.refresh(seconds=seconds)
        is_refusal = isinstance(answer.document, dict) and "errorCode" in answer.document
        if answer.status in _REFUSED and is_refusal:
            raise SessionExpiredError(f"session expired, {command}")
        if not answer.is_success:
            raise SessionUnansweredError(
                f"the session of {name} could not be renewed: {answer.words}; try again"
            )
        store(folder, account)
        return account


@contextlib.contextmanager
def held(folder: Path, name: str) -> Iterator[None]:
    """The right to change the stored session of a person, of which there is one at a time.

    Raises:
        SessionUnansweredError: another process keeps it for half a minute.
        StateError: the lock cannot be made.
    """
    path = path_of(folder, name).with_suffix(".lock")
    try:
        descriptor = open_own(path, os.O_RDWR | os.O_CREAT)
    except OSError as fault:
        raise unusable(path, fault) from None
    try:
        if not flock_within(descriptor, _WAIT_S):
            raise SessionUnansweredError(
                f"another process has been renewing the session of {name} for {_WAIT_S:.0f} s;"
                " try again"
            )
        yield
    finally:
        os.close(descriptor)


def path_of(folder: Path, name: str) -> Path:
    """The file of a person below the folder of an environment."""
    return folder / f"session-{name}.json"
