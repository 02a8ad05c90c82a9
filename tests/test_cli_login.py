"""`vitals login` and `vitals sweep` as people type them: what they say, keep and answer."""

from __future__ import annotations

import stat
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
import standin_environment
from probing import closed_port
from suite_run import faults_on

from vitals import cli
from vitals.journal import Journal, acquire, sessions, state_folder
from vitals.probe.account import Account, sign_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vitals.environment import Environment

PASSWORD, BOT_TOKEN = standin_environment.VARIABLES
BY_HAND = "vitals.browser.by_hand"


@pytest.fixture(name="where", autouse=True)
def _where(tmp_path: Path, ready: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Environment:
    """The environment that `--env there` names in the current folder, with its secrets set."""
    monkeypatch.setenv("VITALS_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("VENDHUB_ENV", raising=False)
    for name, value in standin_environment.secrets_of(ready).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "environments").mkdir()
    monkeypatch.chdir(tmp_path)
    return standin_environment.load(tmp_path / "environments", ready)


@pytest.fixture(name="vitals")
def _vitals(capsys: pytest.CaptureFixture[str], ready: dict[str, Any]) -> Any:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(arguments)
        out, err = capsys.readouterr()
        for secret in (*standin_environment.secrets_of(ready).values(), "eyJ"):
            assert secret not in out + err
        return code, out, err

    return run


def stored(where: Environment, person: str) -> Account:
    session = sessions.load(state_folder(where), person)
    assert session is not None
    return session.account(where)


@pytest.mark.parametrize("person", ["manager", "operator"])
def test_a_login_is_kept_replaced_and_forgotten(
    person: str, vitals: Any, where: Environment
) -> None:
    path = sessions.path_of(state_folder(where), person)
    words = f"{person} is logged in to there; the session is kept in {path}\n"
    assert vitals("login", "--env", "there", "--as", person) == (0, words, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = stored(where, person)
    assert first.user["role"] == person
    assert first.is_signed_in() is True
    assert vitals("login", "--env", "there", "--as", person) == (0, words, "")
    assert first.is_signed_in() is False
    second = sessions.refreshed(where, person)
    code, out, _ = vitals("login", "--env", "there", "--as", person, "--forget")
    assert (code, out) == (0, f"the session of {person} at there is ended and forgotten\n")
    assert second.is_signed_in() is False
    assert not path.exists()
    code, out, _ = vitals("login", "--env", "there", "--as", person, "--forget")
    assert code == 0
    assert out == f"no session of {person} at there is stored, so there is none to forget\n"


def test_a_wrong_password_keeps_what_is_stored(
    vitals: Any, where: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    vitals("login", "--env", "there", "--as", "manager")
    monkeypatch.setenv(PASSWORD, "Wr0ng-canary-7Qx!")
    words = "vitals login: manager could not log in: 401 UNAUTHORIZED: Invalid credentials\n"
    assert vitals("login", "--env", "there", "--as", "manager") == (1, "", words)
    assert stored(where, "manager").sign_out().is_success


def test_without_an_answer_nothing_is_kept_and_nothing_forgotten(
    vitals: Any, ready: dict[str, Any]
) -> None:
    login = ("login", "--env", "there", "--as", "operator")
    vitals(*login)
    with faults_on(ready, "api-down"):
        code, _, err = vitals(*login)
        assert (code, err) == (7, "vitals login: operator could not log in: connection refused\n")
        code, _, err = vitals(*login, "--forget")
        assert code == 7
        assert err.startswith(
            "vitals login: the session of operator is kept, because it could not be ended:"
            " connection refused; try again, or delete /"
        )
    assert vitals(*login, "--forget")[0] == 0


def test_who_has_no_secret_here_logs_in_by_hand(
    vitals: Any, where: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(BOT_TOKEN)
    by_hand = ("login", "--env", "there", "--as", "operator")
    monkeypatch.setitem(sys.modules, BY_HAND, None)
    code, _, err = vitals(*by_hand)
    assert code == 7
    assert err == (
        "vitals login: operator has to log in by hand in a browser window, and there is no browser"
        " here: install the dependency group browser and run playwright install chromium, or set"
        f" ${BOT_TOKEN}\n"
    )

    def window(there: Environment, name: str) -> Mapping[str, Any]:
        if name == "owner":
            raise RuntimeError("the window was\x1b[2J closed")
        account = sign_in(where, "operator")
        assert there.name == "there"
        return {"accessToken": account.access_token, "refreshToken": account.refresh_token}

    module = ModuleType(BY_HAND)
    module.log_in_by_hand = window  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, BY_HAND, module)
    code, out, _ = vitals(*by_hand)
    assert code == 0
    assert out.startswith("log in as operator in the window that opens\noperator is logged in to")
    assert sessions.refreshed(where, "operator").sign_out().is_success
    code, _, err = vitals("login", "--env", "there", "--as", "owner")
    assert code == 1
    assert err == (
        "vitals login: owner did not log in by hand: the window was [2J closed; try again\n"
    )


def test_a_sweep_says_what_is_gone_what_stays_and_what_is_open(
    vitals: Any, where: Environment, ready: dict[str, Any]
) -> None:
    sweep = ("sweep", "--env", "there")
    with Journal.begin(state_folder(where), "dead01") as journal:
        journal.intend("session", person="operator")
    code, out, _ = vitals(*sweep)
    assert code == 0
    assert out == (
        "✓ session of manager is ended\n"
        "· session of operator: its login was not answered; it ends by itself within 7 days\n"
        "there: 1 removed, 1 that VendHub keeps, nothing is open\n"
    )
    with faults_on(ready, "database-gone"):
        code, out, _ = vitals(*sweep, "--set", "deadlines.probe_ms=1000")
    assert code == 1
    assert out == (
        "✗ the machine could not be looked at: manager could not log in: 500 INTERNAL_ERROR:"
        " Internal server error\n"
        "there (overridden): 0 removed, 0 that VendHub keeps, 1 still open; sweep again, or look"
        " there\n"
    )
    with faults_on(ready, "api-down"):
        code, _, err = vitals(*sweep)
    assert code == 7
    assert err == (
        f"vitals sweep: {ready['api']} cannot be reached: connection refused; sweep again when it"
        " answers\n"
    )


def test_a_sweep_leaves_while_a_run_is_in_progress(vitals: Any, where: Environment) -> None:
    with acquire(state_folder(where), "run01"):
        code, out, err = vitals("sweep", "--env", "there")
    assert (code, out) == (7, "")
    assert err.startswith("vitals sweep: a smoke run is in progress: run run01 of ")
    assert err.endswith("; sweep again when it has ended\n")


@pytest.mark.parametrize("command", [("sweep",), ("login", "--as", "manager")])
def test_an_environment_that_cannot_be_asked_is_a_wrong_question(
    command: tuple[str, ...], vitals: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "environments"
    (folder / "inside.toml").write_text('name = "inside"\ndescription = "a demo"\n[standin]\n')
    (folder / "off.toml").write_text('name = "off"\ndescription = "nothing"\n')
    for arguments, words in (
        ((), "no environment: say where to look with --env NAME\n  inside  a demo"),
        (("--env", "ther"), "Did you mean there?"),
        (("--env", "inside"), "at inside: each run starts a stand-in of its own, which ends with"),
        (("--env", "off"), "at off: urls.api is OFF; set it"),
    ):
        code, out, err = vitals(*command, *arguments)
        assert (code, out) == (4, "")
        assert words in err
    assert not (tmp_path / "state").exists()


def test_state_that_cannot_be_kept_is_said_before_anybody_logs_in(
    vitals: Any, ready: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv("VITALS_STATE", str(tmp_path / "taken"))
    down = f"https://127.0.0.1:{closed_port()}"
    standin_environment.write(tmp_path / "environments", ready, api=down)
    for command in (("sweep",), ("login", "--as", "manager")):
        code, _, err = vitals(*command, "--env", "there")
        assert code == 7
        assert err == (
            f"vitals {command[0]}: {tmp_path}/taken: file exists: see to it, or set $VITALS_STATE"
            " to another folder\n"
        )
