"""Logging in for gates behind a login: once for each person and run, and out again at the end."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from vitals.probe.body import Bound
from vitals.probe.credentials import (
    LOGOUT,
    access_token,
    login_document,
    login_path,
    secret_refusal,
    why_refused,
)
from vitals.probe.destination import place_of
from vitals.probe.http import Ask, exchange, foreign, unsent
from vitals.probe.sample import Kind
from vitals.probe.spec import Probe
from vitals.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable

    from vitals.environment.tables import Identities
    from vitals.probe.prober import Limit, Prober
    from vitals.probe.sample import Sample

LAST_WORD = 2.0
"""Seconds that the end of all logins may take, with a login that is still under way."""

_KEPT = 64_000


@dataclass(frozen=True, slots=True)
class Visit(Probe):
    """The request that begins (`login`) or ends (`logout`) the session of a person."""

    what: str
    name: str

    @property
    def label(self) -> str:
        """What is done, and as whom."""
        return f"{self.what} of {self.name}"


@dataclass(frozen=True, kw_only=True)
class Login:
    """What came of logging in.

    Attributes:
        name: the person, as `[identities]` calls them.
        sample: the request, without its body and headers.
        refusal: why there is no token, in one sentence; "" when there is one.
        token: the access token; sent to the API, shown to nobody.
    """

    name: str
    sample: Sample
    refusal: str = ""
    token: str = field(default="", repr=False)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What a request to the API carries to be asked as this person."""
        return (("authorization", f"Bearer {self.token}"),)

    @property
    def shown_headers(self) -> tuple[tuple[str, str], ...]:
        """The same without the token, for a command that a reader completes."""
        return (("authorization", f"Bearer ACCESS_TOKEN_OF_{self.name.upper()}"),)

    def hidden(self, sample: Sample) -> Sample:
        """An answer to this person as it may be kept: without its body, and the token nowhere."""
        return replace(sample, body=b"", detail=self._redactor.text(sample.detail))

    @cached_property
    def _redactor(self) -> Redactor:
        return Redactor({"ACCESS_TOKEN": self.token})


class Logins:
    """The sessions of one run; lives in the probes' event loop.

    Five wrong passwords lock everybody behind this address out for half an hour (facts, 3.2), so
    each person has one attempt, whatever comes of it, and all gates share what came.

    Args:
        prober: the connections of the run.
        sent: is given each request, in the order in which they ended.
    """

    def __init__(self, prober: Prober, sent: list[Sample]) -> None:
        self._prober = prober
        self._sent = sent
        self._tasks: dict[Identities, asyncio.Task[Login]] = {}
        self._end: asyncio.Task[None] | None = None

    async def of(self, name: Identities) -> Login:
        """The login of a person; whoever asks first sends it."""
        if name not in self._tasks:
            self._tasks[name] = asyncio.create_task(self._log_in(name))
        return await asyncio.shield(self._tasks[name])

    async def end(self) -> None:
        """End every session, within `LAST_WORD`; may be called, and cancelled, more than once."""
        if self._end is None:
            self._end = asyncio.create_task(self._log_all_out())
        await asyncio.shield(self._end)

    async def _log_in(self, name: Identities) -> Login:
        environment = self._prober.environment
        who = environment.identities[name]
        seconds = environment.deadlines.probe_ms / 1000
        ask = self._ask("login", name, login_path(who))
        if reason := secret_refusal(ask.url, environment):
            sample = foreign(self._prober, ask, reason)
            return Login(name=name, sample=sample, refusal=f"{name} was not logged in: {reason}")
        limit = self._prober.limit_at(asyncio.get_running_loop().time() + seconds, seconds)
        sample = await self._post(ask, limit, lambda: json.dumps(login_document(who)).encode())
        token = _token(sample)
        secrets = Redactor(environment.secret_values)
        refusal = "" if token else _words(name, sample, secrets)
        return Login(name=name, sample=_bare(sample), refusal=refusal, token=token)

    async def _log_all_out(self) -> None:
        when = asyncio.get_running_loop().time() + LAST_WORD
        ended = (self._log_out(name, task, when) for name, task in self._tasks.items())
        await asyncio.gather(*ended, return_exceptions=True)

    async def _log_out(self, name: str, task: asyncio.Task[Login], when: float) -> None:
        await asyncio.wait({task}, timeout=when - asyncio.get_running_loop().time())
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
            return
        login = task.result()
        if login.token:
            ask = replace(self._ask("logout", name, LOGOUT), headers=login.headers)
            await self._post(ask, self._prober.limit_at(when, LAST_WORD))

    def _ask(self, what: str, name: str, path: str) -> Ask:
        bytes_read = self._prober.environment.deadlines.body_bytes
        return Ask(
            probe=Visit("api", what, name),
            url=(self._prober.environment.target_url("api") or "") + path,
            method="POST",
            headers=(("content-type", "application/json"),),
            fresh=True,
            repeat=False,
            bound=Bound(bytes_read, _KEPT),
        )

    async def _post(self, ask: Ask, limit: Limit, content: Callable[[], bytes] = bytes) -> Sample:
        """Send once, and note that; `content` is made when it is sent, because it ages."""
        at = self._prober.clock.now()
        try:
            async with self._prober.slot(place_of(ask.url), until=limit.when):
                ready = replace(ask, content=content())
                sample = await exchange(self._prober, ready, limit)
        except TimeoutError:
            words = "all connections to the host were held by earlier requests"
            sample = unsent(self._prober, ask, Kind.TIMEOUT, words, at)
        except asyncio.CancelledError:
            words = "the run ended before it was answered"
            self._sent.append(unsent(self._prober, ask, Kind.DEADLINE, words, at))
            raise
        self._sent.append(_bare(sample))
        return sample


def _bare(sample: Sample) -> Sample:
    """Without what holds tokens: the body, and the cookies in the headers."""
    return replace(sample, body=b"", headers=())


def _document(sample: Sample) -> object:
    try:
        return sample.json()
    except ValueError:
        return None


def _token(sample: Sample) -> str:
    return access_token(sample.status or 0, _document(sample)) if sample.answered else ""


def _words(name: str, sample: Sample, secrets: Redactor) -> str:
    """Why nobody was let in, in one sentence without anything secret."""
    if not sample.answered:
        return f"{name} could not log in: {secrets.text(sample.detail)}"
    return why_refused(name, sample.status or 0, _document(sample), secrets)
