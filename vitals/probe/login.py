"""Logging in for gates behind a login: once for each person and run, and out again at the end."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vitals.environment.addresses import is_loopback
from vitals.probe.body import Bound
from vitals.probe.destination import host_of, place_of
from vitals.probe.fault import printable
from vitals.probe.http import Ask, exchange, foreign, unsent
from vitals.probe.sample import Kind
from vitals.probe.spec import Probe
from vitals.redact import Redactor
from vitals.telegram import init_data

if TYPE_CHECKING:
    from collections.abc import Callable

    from vitals.environment import Environment, Identity
    from vitals.environment.tables import Identities
    from vitals.probe.prober import Limit, Prober
    from vitals.probe.sample import Sample

LAST_WORD = 2.0
"""Seconds that the end of all logins may take, with a login that is still under way."""

_PASSWORD = "/api/v1/auth/login"  # noqa: S105 - a route
_TELEGRAM = "/api/v1/auth/telegram"
_LOGOUT = "/api/v1/auth/logout"
_KEPT = 64_000
_MESSAGE = 80
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{8,4096}=*")  # RFC 6750, 2.1; nothing else is a header's
_THROTTLED = 429
_FORBIDDEN = 403


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
        ask = self._ask("login", name, _TELEGRAM if who.has_telegram else _PASSWORD)
        if reason := _refusal(ask.url, environment):
            sample = foreign(self._prober, ask, reason)
            return Login(name=name, sample=sample, refusal=f"{name} was not logged in: {reason}")
        limit = self._prober.limit_at(asyncio.get_running_loop().time() + seconds, seconds)
        sample = await self._post(ask, limit, lambda: _credentials(who))
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
            ask = replace(self._ask("logout", name, _LOGOUT), headers=login.headers)
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


def _refusal(url: str, environment: Environment) -> str | None:
    """Why no secret goes to a URL, in words; None when it may."""
    host = host_of(url)
    if not environment.secrets_allowed_for(host):
        return f"no secret is sent to {host}, which the file's own [urls] do not name"
    if url.startswith("http:") and not is_loopback(host):
        return f"no secret is sent to {host} over plain http"
    return None


def _credentials(who: Identity) -> bytes:
    document = {"email": who.email}
    if who.has_telegram:
        user = {"id": who.telegram_id, "first_name": "VendHub", "last_name": "vitals"}
        token = who.bot_token.reveal()
        document = {"initData": init_data(token, user, datetime.now(UTC))}
    else:
        document["password"] = who.password.reveal()
    return json.dumps(document).encode()


def _document(sample: Sample) -> dict[str, Any]:
    """The answer's JSON object without its envelope; empty if there is none."""
    try:
        document = sample.json()
    except ValueError:
        return {}
    inner = document.get("data", document) if isinstance(document, dict) else None
    return inner if isinstance(inner, dict) else {}


def _token(sample: Sample) -> str:
    """The access token of an answer that lets somebody in, else empty."""
    is_good = sample.answered and 200 <= (sample.status or 0) < 300  # noqa: PLR2004 - success
    token = _document(sample).get("accessToken") if is_good else None
    return token if isinstance(token, str) and _TOKEN.fullmatch(token) else ""


def _words(name: str, sample: Sample, secrets: Redactor) -> str:
    """Why an answer let nobody in, in one sentence without anything secret."""
    if not sample.answered:
        return f"{name} could not log in: {secrets.text(sample.detail)}"
    document = _document(sample)
    code, message = (_text(document.get(key), secrets) for key in ("errorCode", "message"))
    said = " ".join(filter(None, (str(sample.status), code)))
    said += f": {message}" if message else ""
    if sample.status == _THROTTLED:
        return f"the login of {name} was throttled: {said}; try again in a minute"
    if sample.status == _FORBIDDEN and "too many" in message.lower():
        return f"{name}, or everybody behind this address, is locked out: {said}"
    if sample.status == _FORBIDDEN:
        return f"{name} may not log in: {said}"
    if document.get("requiresTwoFactor") is True:
        return f"{name} could not log in: a second factor is asked for; take an account without one"
    if document.get("mustChangePassword") is True:
        return f"{name} could not log in: the password has to be changed first"
    if 200 <= (sample.status or 0) < 300:  # noqa: PLR2004 - the class of success
        said = f"{sample.status} without an access token"
    return f"{name} could not log in: {said}"


def _text(value: object, secrets: Redactor) -> str:
    return printable(secrets.text(value[:_KEPT]), _MESSAGE) if isinstance(value, str) else ""
