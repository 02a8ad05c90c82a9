"""A person's session at the API: in, on, out, and whatever a target does to it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import standin_environment
from probing import closed_port
from recorded_api import recorded_api
from standin_process import running_standin
from suite_run import faults_on

from vitals.environment import Identity, Secret
from vitals.probe.account import Account, SignInError, sign_in

if TYPE_CHECKING:
    from pathlib import Path

    from vitals.environment import Environment

LOGIN, ME = "/api/v1/auth/login", "/api/v1/auth/me"
WRONG = "Wr0ng-canary-7Qx!"


@pytest.mark.parametrize("name", ["manager", "operator"])
def test_a_session_is_opened_renewed_and_ended(name: Any, where: Environment) -> None:
    with sign_in(where, name) as account:
        old = (account.access_token, account.refresh_token)
        assert account.user["role"] == name
        answer = account.call("GET", ME)
        assert answer.data["role"] == name
        assert answer.at is not None
        assert abs(answer.at - datetime.now(UTC)) < timedelta(seconds=5)
        assert account.refresh().is_success
        assert not {account.access_token, account.refresh_token} & set(old)
        stale = Account(where, name, access_token="", refresh_token=old[1])
        assert stale.refresh().words == "401 UNAUTHORIZED: Invalid refresh token"
        assert account.is_signed_in() is True
        shown = repr([account, answer, account.refresh()])
        assert account.access_token not in shown
        assert account.sign_out().is_success
        assert account.is_signed_in() is False
        assert account.refresh().status == 401


def test_the_answer_of_another_login_is_a_session_too(where: Environment) -> None:
    with sign_in(where, "manager") as account:
        data = {"accessToken": account.access_token, "user": {"id": "7"}, "refreshToken": "a b"}
        other = Account.of(where, "manager", data)
        assert (other.is_signed_in(), other.user, other.refresh_token) == (True, {"id": "7"}, "")
        assert other.sign_out().is_success
    with pytest.raises(SignInError, match="the answer holds no access token"):
        Account.of(where, "manager", {"accessToken": "two words"})


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("api-down", "connection refused"),
        ("api-hangs", "no answer within 0.5 s"),
        ("api-drips", "no answer within 0.5 s"),
        ("api-resets", "the connection was "),
        ("api-truncates", "the connection was closed: before the answer was whole"),
        ("api-endless-body", "more than 2000000 bytes of a body"),
        ("api-endless-headers", ""),
        ("api-gzip-bomb", "its encoding 'gzip' was not asked for"),
    ],
)
def test_no_answer_is_an_answer_with_words_in_time(
    fault: str, words: str, where: Environment, ready: dict[str, Any]
) -> None:
    with sign_in(where, "manager") as account:
        with faults_on(ready, fault):
            began = time.monotonic()
            answer = account.call("GET", ME, seconds=0.5)
            assert time.monotonic() - began < 2.0
        assert (answer.status, answer.document) == (0, None)
        assert answer.words.startswith(words), answer.words
        assert account.sign_out().is_success


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("api-html", 200, ""),
        ("api-bad-json", 200, ""),
        ("api-bad-gateway", 502, "502"),
        ("api-redirects-away", 302, "302"),
        ("throttle-storm", 429, "429 TOO_MANY_REQUESTS: ThrottlerException: Too Many Requests"),
        ("database-gone", 500, "500 INTERNAL_ERROR: Internal server error"),
    ],
)
def test_an_answer_is_taken_as_it_is(
    fault: str, status: int, words: str, where: Environment, ready: dict[str, Any]
) -> None:
    with sign_in(where, "manager") as account:
        with faults_on(ready, fault):
            answer = account.call("GET", ME)
        assert (answer.status, answer.words) == (status, words)
        assert answer.is_throttled is (status == 429)
        assert account.sign_out().is_success


def test_a_wrong_password_is_sent_once_and_said_in_one_sentence(
    tmp_path: Path,
) -> None:
    with running_standin("--no-limits") as ready, recorded_api(ready["api"]) as api:
        where = standin_environment.load(tmp_path, ready, api=api.url)
        who = Identity(email="manager@demo.uz", password=Secret("VENDHUB_X", WRONG))
        wrong = replace(where, identities={"manager": who})
        with pytest.raises(SignInError) as refused:
            sign_in(wrong, "manager")
        assert str(refused.value) == (
            "manager could not log in: 401 UNAUTHORIZED: Invalid credentials"
        )
        assert api.paths() == [LOGIN]
        with sign_in(where, "manager") as account:
            token = account.access_token
            api.can(ME, 418, {"errorCode": WRONG, "message": f"\u202e{token}"})
            assert token not in account.call("GET", ME).words
            api.canned.clear()
            assert account.sign_out().is_success
        sent = [one.headers for one in api.seen]
        assert not any({"cookie", "origin"} & headers.keys() for headers in sent)


def test_no_secret_leaves_for_another_host_or_over_plain_http(
    tmp_path: Path, ready: dict[str, Any]
) -> None:
    where = standin_environment.load(tmp_path, ready)
    with recorded_api(ready["api"]) as api:
        elsewhere = replace(where, urls=replace(where.urls, api=api.url), secret_hosts=frozenset())
        refusal = "no secret is sent to 127[.]0[.]0[.]1, which the file's own .urls. do not name"
        with pytest.raises(SignInError, match=refusal):
            sign_in(elsewhere, "manager")
        with pytest.raises(SignInError, match=refusal):
            Account(elsewhere, "manager", access_token="a-token-of-somebody")
        assert api.came == []
    plain = replace(where, urls=replace(where.urls, api="http://192.0.2.1:1"))
    plain = replace(plain, secret_hosts=frozenset({"192.0.2.1"}))
    with pytest.raises(SignInError, match=r"no secret is sent to 192\.0\.2\.1 over plain http"):
        sign_in(plain, "manager")


def test_why_nobody_can_log_in_is_said(where: Environment) -> None:
    unset = Identity(email="manager@demo.uz", password=Secret("VENDHUB_X"))
    down = f"https://127.0.0.1:{closed_port()}"
    for there, words in (
        (replace(where, identities={}), "the environment file has no [identities.manager]"),
        (replace(where, identities={"manager": unset}), "manager cannot log in: $VENDHUB_X is not"),
        (replace(where, urls=replace(where.urls, api="")), "urls.api of there is OFF"),
        (replace(where, urls=replace(where.urls, api=down)), "could not log in: connection refus"),
    ):
        with pytest.raises(SignInError) as refused:
            sign_in(there, "manager")
        assert words in str(refused.value)
        assert refused.value.is_unanswered is ("refus" in words)
