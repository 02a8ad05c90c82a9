"""Where this machine keeps what concerns a target: journals, the lock, stored sessions.

Not below `reports/`: reports are uploaded and published, and these files hold tokens.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vitals.environment import Environment

VARIABLE = "VITALS_STATE"

_HASHED = 8
_OWN = 0o700
_FILE = 0o600


class StateError(Exception):
    """State cannot be kept or read on this machine; its text is one sentence for people."""


def state_root(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of all environments: `$VITALS_STATE`, or where this system keeps state.

    Raises:
        StateError: there is neither the variable nor a home.
    """
    if own := environ.get(VARIABLE):
        return Path(own).absolute()
    shared = Path(environ.get("XDG_STATE_HOME", ""))
    if shared.is_absolute():
        return shared / "vendhub-vitals"
    try:
        return Path("~").expanduser() / ".local" / "state" / "vendhub-vitals"
    except RuntimeError:
        raise StateError(f"nowhere to keep state: set ${VARIABLE} to a folder") from None


def state_folder(environment: Environment, environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of one environment, made if need be and readable by nobody else.

    An environment that is looked at by another URL has another folder.

    Raises:
        StateError: it cannot be made or written.
    """
    url = environment.target_url("api") or ""
    mark = hashlib.sha256(url.encode()).hexdigest()[:_HASHED]
    folder = state_root(environ) / f"{environment.name}-{mark}"
    try:
        folder.parent.parent.mkdir(parents=True, exist_ok=True)
        for own in (folder.parent, folder):
            own.mkdir(mode=_OWN, exist_ok=True)
        folder.chmod(_OWN)
    except OSError as fault:
        raise unusable(Path(fault.filename or folder), fault) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StateError(f"{folder}: cannot be written: set ${VARIABLE} to another folder")
    return folder


def unusable(path: Path, fault: OSError) -> StateError:
    """What to say when the system refuses a file of ours."""
    reason = (fault.strerror or str(fault)).lower()
    return StateError(f"{path}: {reason}: see to it, or set ${VARIABLE} to another folder")


def open_own(path: Path, flags: int) -> int:
    """Open a file that nobody else may read; gives its descriptor, which no child inherits.

    Raises:
        OSError: the system refuses.
    """
    return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, _FILE)


def sync_folder(folder: Path) -> None:
    """See to it that names made or removed in a folder outlive a power cut.

    Raises:
        OSError: the system refuses.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write to an open file, and return when the disk has it.

    Raises:
        OSError: the system refuses.
    """
    while content:
        content = content[os.write(descriptor, content) :]
    os.fsync(descriptor)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that a reader, also after a power cut, sees the old one or the new one.

    Raises:
        OSError: the system refuses.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = open_own(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            write_all(descriptor, content)
        finally:
            os.close(descriptor)
        draft.replace(path)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    sync_folder(path.parent)
