"""Logins of gates at the round of probes: refusals in words, hosts, tokens, and the end."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Timer
from typing import TYPE_CHECKING, Any

import pytest
from probing import environment
from recorded_api import RecordedApi, ask_with, recorded_api, token_of
from standin_process import running_standin

from vitals import Finding, Gate, GateSample, judged
from vitals.environment import Identity, ResponseTime, Route, Secret, Window
from vitals.environment import Limits as RateLimits
from vitals.probe.round import Round
from vitals.verdict.outcome import Outcome
from vitals.verdict.response_time import judging

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vitals.environment import Environment

NAME = "Signed-in Response Time"
LOGIN, LOGOUT, ME = "/api/v1/auth/login", "/api/v1/auth/logout", "/api/v1/auth/me"
PASSWORD = "VENDHUB_TEST_PASSWORD"
WRONG = "Wr0ng-canary-7Qx!"


@pytest.fixture(scope="module", name="ready")
def _ready() -> Iterator[dict[str, Any]]:
    with running_standin("--no-limits") as ready:
        yield ready


@pytest.fixture(name="api")
def _api(ready: dict[str, Any]) -> Iterator[RecordedApi]:
    with recorded_api(ready["api"]) as api:
        yield api


def looking_at(api: RecordedApi, password: str, **more: Any) -> Environment:
    """An environment with one gate of a manager, who has this password."""
    rule = ResponseTime(name=NAME, routes=(Route("api", ME),), limit_ms=1000, identity="manager")
    who = Identity(email="manager@demo.uz", password=Secret(PASSWORD, password))
    return replace(
        environment(api=api.url, probe_ms=4000, round_ms=8000, **more),
        response_time=(rule,),
        identities={"manager": who},
        limits=RateLimits(windows=(Window(60, 1.0),)),
    )


@contextmanager
def sampling(where: Environment) -> Iterator[Round]:
    found = Round(where, judging=judging())
    found.start([Gate(NAME)])
    try:
        yield found
    finally:
        found.stop()


REFUSALS = [
    (429, {"errorCode": "TOO_MANY_REQUESTS", "message": "Too Many"},
     "the login of manager was throttled: 429 TOO_MANY_REQUESTS: Too Many; try again in a minute"),
    (403, {"errorCode": "FORBIDDEN", "message": "Too many attempts"},
     "manager, or everybody behind this address, is locked out: 403 FORBIDDEN: Too many attempts"),
    (403, {"errorCode": "FORBIDDEN", "message": "Account is suspended"},
     "manager may not log in: 403 FORBIDDEN: Account is suspended"),
    (200, {"data": {"requiresTwoFactor": True, "challengeToken": "canary", "methods": ["totp"]}},
     "manager could not log in: a second factor is asked for; take an account without one"),
    (200, {"data": {"mustChangePassword": True, "challengeToken": "canary"}},
     "manager could not log in: the password has to be changed first"),
    (200, {"data": {"accessToken": "canary\r\nx-header: 1"}},
     "manager could not log in: 200 without an access token"),
    (200, ["canary"], "manager could not log in: 200 without an access token"),
    (400, {"errorCode": WRONG, "message": f"No\u202e such user\n with {WRONG} " + "!" * 200},
     f"manager could not log in: 400 ${PASSWORD}: No  such user  with ${PASSWORD} {'!' * 36}…"),
    (302, {}, "manager could not log in: 302"),
    (500, {"errorCode": "INTERNAL_ERROR", "message": "Internal server error"},
     "manager could not log in: 500 INTERNAL_ERROR: Internal server error"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "document", "words"), REFUSALS)
def test_each_refusal_has_its_words(
    status: int, document: object, words: str, api: RecordedApi
) -> None:
    api.can(LOGIN, status, document, location=api.url + "/elsewhere")
    with sampling(looking_at(api, WRONG)) as found:
        sample = found.result(Gate(NAME))
        assert isinstance(sample, GateSample)
        with pytest.raises(Finding) as refused:
            judged(sample)
    finding = refused.value
    assert (finding.expected, finding.observed) == ("a login of manager", words)
    assert finding.outcome is (Outcome.INCONCLUSIVE if status == 429 else Outcome.FAIL)
    assert finding.is_bare is (status in {429, 500})
    assert api.paths() == [LOGIN]
    assert not any(secret in repr(found.all_samples()) for secret in (WRONG, "canary"))


def test_a_locked_out_manager_is_told_by_the_stand_in(ready: dict[str, Any]) -> None:
    with recorded_api(ready["api"], caller="10.99.0.5") as api:
        for attempt in range(5):
            strange = looking_at(api, WRONG)
            who = replace(strange.identities["manager"], email=f"nobody{attempt}@demo.uz")
            with sampling(replace(strange, identities={"manager": who})) as found:
                found.result(Gate(NAME))
        with sampling(looking_at(api, ready["identities"]["manager"]["password"])) as found:
            sample = found.result(Gate(NAME))
        assert api.paths() == [LOGIN] * 6
    assert sample.detail == (
        "manager, or everybody behind this address, is locked out: 403 FORBIDDEN: Too many failed"
        " attempts. Try again in 30 minutes."
    )


@pytest.mark.parametrize("secret_hosts", [("api.vendhub.uz",), ()])
def test_no_host_but_the_files_own_gets_a_secret(
    secret_hosts: tuple[str, ...], api: RecordedApi
) -> None:
    where = looking_at(api, WRONG, secret_hosts=secret_hosts)
    assert Gate(NAME).off_because(where) == "the file's own urls.api"
    with sampling(where) as found:
        sample = found.result(Gate(NAME))
    assert sample.detail == (
        "manager was not logged in: no secret is sent to 127.0.0.1, which the file's own [urls] do"
        " not name"
    )
    assert api.came == []


def test_no_secret_goes_over_plain_http(api: RecordedApi) -> None:
    where = looking_at(api, WRONG, secret_hosts=("192.0.2.1",))
    where = replace(where, urls=replace(where.urls, api="http://192.0.2.1:1"))
    with sampling(where) as found:
        sample = found.result(Gate(NAME))
    assert sample.detail == (
        "manager was not logged in: no secret is sent to 192.0.2.1 over plain http"
    )
    assert found.all_samples() == ()


def test_an_answer_that_repeats_the_token_leaves_nothing_of_it(
    api: RecordedApi, ready: dict[str, Any]
) -> None:
    token = "opaque-canary-0123456789"
    api.can(LOGIN, 200, {"data": {"accessToken": token}})
    api.can(ME, 401, {"success": False, "message": token}, **{"x-token": token})
    api.can(LOGOUT, 500, {"message": token})
    with sampling(looking_at(api, ready["identities"]["manager"]["password"])) as found:
        sample = found.result(Gate(NAME))
    assert isinstance(sample, GateSample)
    assert {one.sample.status for one in sample.timed if one.sample} == {401}
    assert all(one.sample.body == b"" for one in sample.timed if one.sample)
    assert token not in repr([one.detail for one in sample.all()])
    assert token not in repr(found.all_samples())
    assert api.paths().count(LOGOUT) == 1


def test_a_session_that_opens_while_the_run_is_stopped_is_ended(
    api: RecordedApi, ready: dict[str, Any]
) -> None:
    answer = api.held[LOGIN] = Event()
    with sampling(looking_at(api, ready["identities"]["manager"]["password"])):
        api.wait_for(LOGIN)
        Timer(0.2, answer.set).start()  # stopping begins before that
    assert api.paths() == [LOGIN, LOGOUT]
    assert ask_with(ready["api"], token_of(api, LOGIN)) == (401, "Token has been revoked")


@pytest.mark.parametrize("silent", [LOGIN, LOGOUT])
def test_a_product_that_hangs_holds_the_end_up_for_two_seconds(
    silent: str, api: RecordedApi, ready: dict[str, Any]
) -> None:
    api.held[silent] = Event()
    with sampling(looking_at(api, ready["identities"]["manager"]["password"])) as found:
        api.wait_for(silent if silent == LOGIN else ME)
        began = time.monotonic()
    assert 1.5 < time.monotonic() - began < 3.5
    asked = {one.probe.label: one.kind.value for one in found.all_samples()}
    if silent == LOGIN:
        assert asked == {"login of manager": "round deadline"}
    else:
        assert asked["logout of manager"] == "time-out"
