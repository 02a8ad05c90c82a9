"""Gates behind a login: one login a run, ended with it, and no secret in what a run leaves."""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from recorded_api import RecordedApi, ask_with, recorded_api, token_of
from standin_process import running_standin
from suite_run import Suite

from vitals.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite_run import Ended

NAME = "Signed-in Response Time"
LOGIN, TELEGRAM = "/api/v1/auth/login", "/api/v1/auth/telegram"
LOGOUT, ME = "/api/v1/auth/logout", "/api/v1/auth/me"
PASSWORD, BOT = "VENDHUB_TEST_PASSWORD", "VENDHUB_TEST_BOT_TOKEN"
TASKS = '"/api/v1/tasks", "/api/v1/tasks/my"'
WRONG = "Wr0ng-canary-7Qx!"


@pytest.fixture(scope="module", name="ready")
def _ready() -> Iterator[dict[str, Any]]:
    with running_standin("--no-limits") as ready:
        yield ready


@pytest.fixture(name="api")
def _api(ready: dict[str, Any]) -> Iterator[RecordedApi]:
    with recorded_api(ready["api"]) as api:
        yield api


@pytest.fixture(scope="module", name="suite")
def _suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    return Suite(tmp_path_factory.mktemp("suite") / "copy")


def gate(name: str = NAME, *, routes: str = f'"{ME}", "/api/v1/machines"', **more: str) -> str:
    keys = {"identity": "manager", **more}
    written = "".join(f'{key} = "{value}"\n' for key, value in keys.items() if value)
    return f'[[response_time]]\nname = "{name}"\nroutes = [{routes}]\nlimit_ms = 1000\n{written}'


def run(suite: Suite, api: RecordedApi, more: str, *arguments: str, **environ: str) -> Ended:
    suite.write_environment("login", file(api.url, more))
    chosen = ("checks/test_response_times.py", "-k", "signed", "-rA", "--env", "login")
    return suite.run(*chosen, *arguments, environ=environ)


def file(url: str, more: str) -> str:
    return (
        f'description = "a stand-in of a test"\n[urls]\napi = "{url}"\n'
        f'[limits]\nwindows = ["20/1s"]\n{more}'
    )


def by_password(ready: dict[str, Any]) -> str:
    email = ready["identities"]["manager"]["email"]
    return f'[identities.manager]\nemail = "{email}"\npassword = {{ env = "{PASSWORD}" }}\n'


def by_telegram(ready: dict[str, Any]) -> str:
    number = ready["identities"]["manager"]["telegram_id"]
    return f'telegram_id = {number}\nbot_token = {{ env = "{BOT}" }}\n'


def left(ended: Ended) -> dict[str, str]:
    """Everything that a run left and said, by file."""
    assert ended.folder is not None
    texts = {path.name: path.read_text() for path in ended.folder.rglob("*") if path.is_file()}
    assert {"run.json", "junit.xml", "report.html"} <= texts.keys()
    return {"stdout": ended.out, "stderr": ended.err, **texts}


def leaks(ended: Ended, *secrets: str) -> list[tuple[str, str]]:
    found = Redactor({f"SECRET_{number}": secret for number, secret in enumerate(secrets)})
    texts = left(ended).items()
    return [(name, secret) for name, text in texts for secret in found.scan(text.encode())]


@pytest.mark.parametrize("way", ["password", "telegram"])
def test_a_person_logs_in_once_is_measured_and_logs_out(
    way: str, suite: Suite, api: RecordedApi, ready: dict[str, Any]
) -> None:
    more = gate() + gate(f"{NAME} of tasks", routes=TASKS) + by_password(ready)
    environ = {PASSWORD: ready["identities"]["manager"]["password"]}
    path, other = LOGIN, TELEGRAM
    if way == "telegram":
        more += by_telegram(ready)
        environ[BOT] = ready["bot_token"]
        path, other = TELEGRAM, LOGIN
    ended = run(suite, api, more, "-v", **environ)

    assert ended.code == 0, ended.out + ended.err
    for title in (NAME, f"{NAME} of tasks"):
        assert re.search(r"\(< 1s\) · p95 of 7\d", ended.line(title)), ended.out
    assert len(api.to(path)) == len(api.to(LOGOUT)) == 1
    assert not api.to(other)
    token = token_of(api, path)
    assert ask_with(ready["api"], token) == (401, "Token has been revoked")
    bearers = [one.headers.get("authorization") for one in api.seen]
    assert bearers == [None, *[f"Bearer {token}"] * (len(bearers) - 1)]
    assert not [one for one in api.seen if "cookie" in one.headers]
    assert {one.status for one in api.seen} == {200}

    record = ended.record
    samples = {probe["label"]: probe["samples"] for probe in record["probes"]}
    for label in ("login of manager", "logout of manager"):
        (sample,) = samples[label]
        assert (sample["method"], sample["status"]) == ("POST", 200)
        assert not sample.get("body")
        assert not sample.get("headers")
    assert record["counts"]["sent"] >= len(api.seen)
    secrets = [*environ.values(), token, api.to(path)[0].document["data"]["refreshToken"]]
    if way == "telegram":
        (signed,) = (json.loads(one.body)["initData"] for one in api.to(path))
        secrets += [signed, parse_qs(signed)["hash"][0]]
    assert leaks(ended, *secrets) == []


def test_a_wrong_password_is_tried_once_for_all_gates(
    suite: Suite, api: RecordedApi, ready: dict[str, Any]
) -> None:
    more = gate(severity="critical") + gate(f"{NAME} of tasks", routes=TASKS)
    ended = run(suite, api, more + by_password(ready), **{PASSWORD: WRONG})

    assert api.paths() == [LOGIN]
    assert ended.code == 1
    for title in (NAME, f"{NAME} of tasks"):
        finding = ended.findings[title]
        assert (finding["outcome"], finding["expected"]) == ("FAIL", "a login of manager")
        assert finding["observed"] == (
            "manager could not log in: 401 UNAUTHORIZED: Invalid credentials"
        )
    assert [probe["label"] for probe in ended.record["probes"]] == ["login of manager"]
    assert ended.record["counts"]["sent"] == 1
    assert leaks(ended, WRONG) == []


def test_a_gate_is_off_until_its_secret_is_set(
    suite: Suite, api: RecordedApi, ready: dict[str, Any]
) -> None:
    ended = run(suite, api, gate() + by_password(ready) + by_telegram(ready))

    assert ended.line(NAME) == f"· {NAME}: OFF (${BOT} or ${PASSWORD} would turn it on)"
    assert api.seen == []


def test_no_secret_follows_an_override_to_another_host(
    suite: Suite, api: RecordedApi, ready: dict[str, Any]
) -> None:
    elsewhere = ("--api-url", api.url.replace("127.0.0.1", "localhost"))
    password = ready["identities"]["manager"]["password"]
    ended = run(suite, api, gate() + by_password(ready), *elsewhere, **{PASSWORD: password})

    assert ended.line(NAME) == f"· {NAME}: OFF (the file's own urls.api would turn it on)"
    assert api.seen == []


def test_gates_of_nobody_and_of_somebody_share_no_series(
    suite: Suite, api: RecordedApi, ready: dict[str, Any]
) -> None:
    more = gate(identity="", severity="critical") + gate(f"{NAME} of a manager")
    password = ready["identities"]["manager"]["password"]
    ended = run(suite, api, more + by_password(ready), **{PASSWORD: password})

    found = {title: finding["outcome"] for title, finding in ended.findings.items()}
    assert found == {NAME: "FAIL", f"{NAME} of a manager": "PASS"}
    assert None in {one.headers.get("authorization") for one in api.to(ME)}


def test_a_run_that_is_ended_early_ends_its_session(
    suite: Suite, api: RecordedApi, ready: dict[str, Any]
) -> None:
    slow = '[limits]\nwindows = ["5/1s"]\n'
    text = file(api.url, gate() + by_password(ready)).replace(
        '[limits]\nwindows = ["20/1s"]\n', slow
    )
    suite.write_environment("login", text)
    environ = {PASSWORD: ready["identities"]["manager"]["password"]}
    with suite.started("checks", "-k", "signed", "--env", "login", environ=environ) as running:
        api.wait_for(ME)
        running.process.send_signal(signal.SIGTERM)
        ended = running.wait()

    assert ended.code == 2
    assert len(api.to(LOGOUT)) == 1
    assert ask_with(ready["api"], token_of(api, LOGIN)) == (401, "Token has been revoked")
    labels = [probe["label"] for probe in ended.record["probes"]]
    assert {"login of manager", "logout of manager"} <= set(labels)


def test_the_gate_of_the_demo_passes(suite: Suite) -> None:
    ended = suite.run("checks", "-k", "signed", "--env", "demo")
    assert ended.findings[NAME]["outcome"] == "PASS", ended.out
    labels = [probe["label"] for probe in ended.record["probes"]]
    assert labels[:2] == ["login of manager", "logout of manager"]
