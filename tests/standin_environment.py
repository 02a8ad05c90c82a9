"""The environment of a running stand-in, as a file with people whose secrets are in variables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from standin_process import REPOSITORY, read_line
from suite_run import environment_text

from vitals import environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from vitals.environment import Environment

NAME = "there"
VARIABLES = ("VENDHUB_TEST_PASSWORD", "VENDHUB_TEST_BOT_TOKEN")
_PATIENCE_S = 30.0


def write(
    folder: Path, ready: Mapping[str, Any], *, api: str = "", writes: bool = True, more: str = ""
) -> Path:
    """Write the file; a manager with a password, an operator with a bot.

    Args:
        folder: gets the file.
        ready: the READY line of the stand-in.
        api: another URL for the API.
        writes: the value of `smoke.writes`.
        more: further tables.
    """
    manager, operator = (ready["identities"][name] for name in ("manager", "operator"))
    password, bot_token = VARIABLES
    people = (
        f'[smoke]\nwrites = {json.dumps(writes)}\norganization = "{ready["organization"]}"\n'
        f'machine = "{ready["machine"]}"\n'
        f'[identities.manager]\nemail = "{manager["email"]}"\n'
        f'password = {{ env = "{password}" }}\n'
        f"[identities.operator]\ntelegram_id = {operator['telegram_id']}\n"
        f'bot_token = {{ env = "{bot_token}" }}\n'
    )
    text = environment_text(ready, urls={"api": api} if api else None, more=people + more)
    path = folder / f"{NAME}.toml"
    path.write_text(f'name = "{NAME}"\n{text}')
    return path


def secrets_of(ready: Mapping[str, Any]) -> dict[str, str]:
    """The variables that the file names."""
    values = (ready["identities"]["manager"]["password"], ready["bot_token"])
    return dict(zip(VARIABLES, values, strict=True))


def load(folder: Path, ready: Mapping[str, Any], **how: Any) -> Environment:
    """The environment; see `write` for the arguments."""
    path = write(folder, ready, **how)
    return environment.load(path, folder=folder, environ=secrets_of(ready))


@contextmanager
def child(code: str, *arguments: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own with this code, killed at the end of the block if it still runs."""
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[bytes]) -> str:
    """The next line that a child prints; "" when it ended or says nothing for half a minute."""
    assert process.stdout is not None
    return read_line(process.stdout, _PATIENCE_S).decode().strip()
