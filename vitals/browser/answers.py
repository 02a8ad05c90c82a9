"""Answers of the API that came by way of a browser, judged like any other."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from vitals.probe.api import Answer
from vitals.probe.credentials import is_success, what_was_said
from vitals.probe.fault import printable
from vitals.redact import Redactor
from vitals.verdict.finding import Finding, inconclusive

if TYPE_CHECKING:
    from playwright.sync_api import APIResponse, Response

_SERVER_ERROR = 500
_BUSY = "already has an active task"


def answer_of(response: Response | APIResponse | None, failure: str = "") -> Answer:
    """What a page's request, or one through its session, was answered; status 0 for nothing.

    Args:
        response: None when there was no answer.
        failure: why there was none, in words.
    """
    from playwright.sync_api import Error  # noqa: PLC0415 - only a run with a browser pays

    if response is None:
        return Answer(words=printable(failure or "no answer"))
    try:
        document = json.loads(response.body())
    except (ValueError, RecursionError):
        document = None
    except Error as fault:  # the page has gone on, and its answers with it
        return Answer(words=printable(f"{response.status}, and {fault}"))
    status = response.status
    words = "" if is_success(status) else what_was_said(status, document, Redactor({}))
    date = response.headers.get("date")
    try:
        at = parsedate_to_datetime(date) if date else None
    except (ValueError, OverflowError):
        at = None
    return Answer(status=status, document=document, words=words, at=at)


def accepted(answer: Answer, what: str, *statuses: int) -> Any:
    """The data of an answer that has one of these statuses (else: any 2xx).

    Raises:
        Finding: it has not, or holds no object or list. A 429, and a machine that another run's
            task keeps busy, decide nothing.
    """
    __tracebackhide__ = True
    expected = f"{what} ({' or '.join(map(str, statuses)) or '2xx'})"
    is_right = answer.status in statuses if statuses else answer.is_success
    if is_right and (isinstance(answer.data, dict | list) or not answer.is_success):
        return answer.data
    observed = answer.words or f"{answer.status} without data"
    if answer.is_throttled or _BUSY in observed:
        raise inconclusive(expected, observed)
    raise Finding(expected, observed, is_bare=answer.status == 0 or answer.status >= _SERVER_ERROR)
