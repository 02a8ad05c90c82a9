"""VendHub's API for code that waits for its answer: one bounded request at a time."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Self

from vitals.environment import Secret
from vitals.probe.client import httpx, shared_ssl_context
from vitals.probe.credentials import is_success, what_was_said
from vitals.probe.destination import takes_added_headers
from vitals.probe.fault import classify, printable
from vitals.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from vitals.environment import Environment

SECONDS = 10.0
"""For which an answer is awaited unless somebody says otherwise."""

_THROTTLED = 429
_USER_AGENT = "vendhub-vitals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one request.

    Attributes:
        status: of the answer; 0 when there was none that could be read.
        document: the decoded JSON of its body, None if it holds none; may hold tokens.
        words: why there is no answer, or what an answer other than a success says: one line
            without anything secret.
        at: the server's own time, from its Date header.
    """

    status: int = 0
    document: Any = field(default=None, repr=False)
    words: str = ""
    at: datetime | None = None

    @property
    def data(self) -> Any:
        """What the envelope holds; the document itself where there is no envelope."""
        document = self.document
        return document["data"] if isinstance(document, dict) and "data" in document else document

    @property
    def is_success(self) -> bool:
        """Whether the status is of the class of success."""
        return is_success(self.status)

    @property
    def is_throttled(self) -> bool:
        """Whether the request was refused for coming too soon; nothing was done."""
        return self.status == _THROTTLED


class Api:
    """The connection of one person to the API of an environment.

    A transport, not a client: it has no cookie jar (VendHub prefers a cookie to a bearer), follows
    no redirect and reads no environment variable. Every request has a connection of its own, so
    that none is lost with one that the server was just closing.

    Args:
        environment: where the API is; its `[headers]` go along where they may.

    Raises:
        OSError: the environment's `ca_file` cannot be read.
    """

    def __init__(self, environment: Environment) -> None:
        self.url = environment.target_url("api") or ""
        self._environment = environment
        self._context = shared_ssl_context(environment.network.ca_file)

    def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        files: Mapping[str, Any] | None = None,
        fields: Mapping[str, str] | None = None,
        token: str = "",
        hidden: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> Answer:
        """Send a request; whatever the target does is an answer.

        Args:
            method: of HTTP.
            path: below the API's URL, such as `/api/v1/tasks`.
            json: a document for the body.
            files: for a multipart body, as httpx takes them.
            fields: further fields of a multipart body.
            token: sent as bearer.
            hidden: further secrets that may not be in the words, by name.
            seconds: after which the answer is given up.
        """
        secrets = {**self._environment.secret_values, "ACCESS_TOKEN": token, **(hidden or {})}
        request = httpx.Request(
            method,
            self.url + path,
            headers=self._headers(token),
            json=json,
            files=files,
            data=fields,
        )
        try:
            with _Exchange(self._environment, self._context, request, seconds) as exchange:
                answer = exchange.answer()
        except Exception as fault:  # noqa: BLE001 - whatever a client raises is no answer
            words = Redactor(secrets).text(_why(fault, seconds, self._environment))
            return Answer(words=printable(words))
        if answer.is_success:
            return answer
        return replace(
            answer, words=what_was_said(answer.status, answer.document, Redactor(secrets))
        )

    def _headers(self, token: str) -> dict[str, str]:
        headers = {
            "user-agent": _USER_AGENT,
            "accept": "application/json",
            "accept-encoding": "identity",
        }
        if takes_added_headers(self.url, self._environment):
            for name, value in self._environment.headers.items():
                if not isinstance(value, Secret):
                    headers[name.lower()] = value
                elif value.is_set:
                    headers[name.lower()] = value.reveal()
        return {**headers, "authorization": f"Bearer {token}"} if token else headers


class _Exchange:
    """One request on one connection, which is taken down when its time is over.

    A client's own time-outs begin anew with every byte; a server that drips would hold it for ever.
    """

    def __init__(
        self, environment: Environment, context: Any, request: httpx.Request, seconds: float
    ) -> None:
        self._request = request
        self._most = environment.deadlines.body_bytes
        self._transport = httpx.HTTPTransport(
            verify=context,
            trust_env=False,
            proxy=environment.network.proxy or None,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
        request.extensions = {"timeout": timeouts, "trace": self._note}
        self._stream: Any = None
        self._is_over = False
        self._alarm = threading.Timer(seconds, self._take_down)
        self._alarm.daemon = True

    def __enter__(self) -> Self:
        self._alarm.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._alarm.cancel()
        self._transport.close()

    def answer(self) -> Answer:
        """The whole answer, without words.

        Raises:
            TimeoutError: it did not come in time.
            ValueError: its body is too large or encoded.
            Exception: whatever the client raises.
        """
        try:
            response = self._transport.handle_request(self._request)
            with contextlib.closing(response):
                body = b"".join(self._chunks(response))
        except Exception as fault:
            if self._is_over:
                raise TimeoutError from fault
            raise
        if self._is_over:
            raise TimeoutError
        at = _date(response.headers.get("date"))
        return Answer(status=response.status_code, document=_decoded(body), at=at)

    def _chunks(self, response: httpx.Response) -> Iterator[bytes]:
        encoding = response.headers.get("content-encoding", "identity").lower()
        if encoding not in {"", "identity"}:
            raise ValueError(f"its encoding {encoding[:40]!r} was not asked for")
        size = 0
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > self._most:
                raise ValueError(f"more than {self._most} bytes of a body")
            yield chunk

    def _note(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._stream = info["return_value"]
            if self._is_over:
                self._take_down()

    def _take_down(self) -> None:
        self._is_over = True
        connection = self._stream and self._stream.get_extra_info("socket")
        if connection is not None:
            # Not the TLS layer's own way, which takes from under the reader what it reads with.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if text else None
    except (ValueError, OverflowError):
        return None


def _why(fault: Exception, seconds: float, environment: Environment) -> str:
    if isinstance(fault, TimeoutError | httpx.TimeoutException):
        return f"no answer within {seconds:.3g} s"
    if type(fault) is ValueError:
        return str(fault)
    by_proxy = " (by way of the proxy)" if environment.network.proxy else ""
    return classify(fault, lambda: "before the answer was whole")[1] + by_proxy
