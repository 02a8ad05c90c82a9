"""Smoke runs of a test: where they go, and what they left there, asked by raw HTTP."""

from __future__ import annotations

import json
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
from standin_environment import VARIABLES, secrets_of
from suite_run import environment_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from suite_run import Ended, Suite

NAME = "there"
LOGIN = "Login via Telegram"
DASHBOARD = "View dashboard"
CREATE = "Create a test task"
UPLOAD = "Upload a photo"
COMPLETE = "Complete the task"
LIVE = "Check real-time updates"
SCRIPT = "Mini App loads Telegram's script"
STEPS = {
    "login": LOGIN,
    "dashboard": DASHBOARD,
    "create_task": CREATE,
    "upload_photo": UPLOAD,
    "complete_task": COMPLETE,
    "real_time": LIVE,
}
NOTHING_OPEN = "Left behind: nothing open"
OPEN = ("pending", "assigned", "in_progress", "postponed")

_ADDRESS = "10.250.0.1"  # with a rate limit of its own


def write_environment(
    suite: Suite,
    ready: Mapping[str, Any],
    *,
    writes: bool = True,
    people: bool = True,
    more: str = "",
) -> None:
    """Write the environment of a stand-in: a manager with a password, an operator with a bot."""
    manager, operator = (ready["identities"][name] for name in ("manager", "operator"))
    password, bot_token = VARIABLES
    text = (
        f'[smoke]\nwrites = {json.dumps(writes)}\norganization = "{ready["organization"]}"\n'
        f'machine = "{ready["machine"]}"\n'
    )
    if people:
        text += (
            f'[identities.manager]\nemail = "{manager["email"]}"\n'
            f'password = {{ env = "{password}" }}\n'
            f"[identities.operator]\ntelegram_id = {operator['telegram_id']}\n"
            f'bot_token = {{ env = "{bot_token}" }}\n'
        )
    suite.write_environment(NAME, environment_text(ready, round_ms=15000, more=text + more))


def walked(
    suite: Suite,
    ready: Mapping[str, Any],
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    paths: tuple[str, ...] = ("smoke",),
) -> Ended:
    """A run of the smoke path."""
    known = {**secrets_of(ready), **(environ or {})}
    return suite.run(*paths, "--env", NAME, *arguments, environ=known)


def outcomes(ended: Ended) -> dict[str, str]:
    """The outcome of each step and check by its title."""
    return {title: finding["outcome"] for title, finding in ended.findings.items()}


class Witness:
    """Somebody who asks the stand-in's API with none of the suite's own code."""

    def __init__(self, ready: Mapping[str, Any], http: httpx.Client) -> None:
        self._machine = ready["machine"]
        self._http = http
        manager = ready["identities"]["manager"]
        told = {key: manager[key] for key in ("email", "password")}
        data = self._answered(http.post("/api/v1/auth/login", json=told))
        http.cookies.clear()  # else they would let anybody in
        self._own = {"Authorization": f"Bearer {data['accessToken']}"}

    def open_tasks(self) -> list[str]:
        """The numbers of the tasks on the smoke machine that are not ended."""
        return [
            task["taskNumber"]
            for status in OPEN
            for task in self._get(f"/tasks?machineId={self._machine}&status={status}")["data"]
        ]

    def tasks(self) -> int:
        """How many tasks there are on the smoke machine, ended or not."""
        return int(self._get(f"/tasks?machineId={self._machine}")["total"])

    def is_signed_in(self, access_token: str) -> bool:
        """Whether the API still knows a session."""
        own = {"Authorization": f"Bearer {access_token}"}
        return self._http.get("/api/v1/auth/me", headers=own).status_code == 200

    def has_file(self, key: str) -> bool:
        """Whether the storage holds a file."""
        place = f"/storage/files/exists/{httpx.QueryParams({'k': key})!s}".replace("k=", "", 1)
        return bool(self._get(place)["exists"])

    def _get(self, place: str) -> Any:
        return self._answered(self._http.get(f"/api/v1{place}", headers=self._own))

    @staticmethod
    def _answered(answer: httpx.Response) -> Any:
        assert answer.is_success, answer.text
        return answer.json()["data"]


@contextmanager
def witness(ready: Mapping[str, Any]) -> Iterator[Witness]:
    """Somebody who asks, with an address of their own."""
    trust = ssl.create_default_context(cafile=ready["ca_file"])
    own = {"X-Forwarded-For": _ADDRESS}
    with httpx.Client(
        base_url=ready["api"], verify=trust, headers=own, timeout=5, trust_env=False
    ) as http:
        yield Witness(ready, http)


def open_tasks(ready: Mapping[str, Any]) -> list[str]:
    """The numbers of the tasks on the smoke machine that are not ended."""
    with witness(ready) as asked:
        return asked.open_tasks()


def journaled(suite: Suite) -> list[dict[str, Any]]:
    """The lines of all journals that are there now."""
    lines = [
        line
        for path in suite.root.glob("state/*/*.jsonl")
        for line in path.read_text("utf-8", "replace").splitlines()
    ]
    return [json.loads(line) for line in lines if line.endswith("}")]


def tokens(suite: Suite) -> set[str]:
    """The access tokens of sessions that the journals list."""
    return set(_texts(journaled(suite), "access_token"))


def file_keys(suite: Suite) -> set[str]:
    """The keys of files that the journals list."""
    return set(_texts(journaled(suite), "key"))


def _texts(document: Any, key: str) -> Iterator[str]:
    if isinstance(document, dict):
        for name, value in document.items():
            if name == key and isinstance(value, str) and value:
                yield value
            yield from _texts(value, key)
    elif isinstance(document, list):
        for value in document:
            yield from _texts(value, key)
