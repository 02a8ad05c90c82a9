"""Environment files: the good ones mean what they say, each bad one gets its one message."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from vitals import environment
from vitals.environment import ConfigError, Secret, Window, load

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "environments"
BAD = Path(__file__).parent / "bad_environments"
TODAY = date(2026, 11, 24)
CANARY = "hunter22"
TOKEN = {"VENDHUB_METRICS_TOKEN": "metrics-token-1"}

READY = {
    "ready": True,
    "api": "https://127.0.0.2:43211",
    "web": "https://127.0.0.1:41234",
    "client": None,
    "ca_file": "/somewhere/ca.pem",
    "storage_hosts": ["127.0.0.3:9000", "https://localhost:9001", "127.0.0.2"],
    "identities": {
        "manager": {"email": "m@vendhub.test", "password": "manager-secret", "telegram_id": 0},
        "operator": {"email": "", "password": None, "telegram_id": 77},
    },
    "bot_token": "1:bot-token-of-the-stand-in",
    "organization": "o-1",
    "machine": "m-1",
}


def write(folder: Path, content: str, name: str = "try.toml") -> Path:
    path = folder / name
    path.write_text(f'name = "try"\ndescription = "a try"\n{content}', encoding="utf-8")
    return path


def cases() -> list[Path]:
    return sorted(BAD.glob("*.toml"))


@pytest.mark.parametrize("path", cases(), ids=lambda path: path.stem)
def test_each_bad_environment_gets_its_one_message(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, *rest = path.read_text(encoding="utf-8").splitlines()
    given = [line.removeprefix("# given: ") for line in rest if line.startswith("# given: ")]
    options: dict[str, Any] = {"folder": FOLDER, "sets": [], "environ": {}}
    wanted = path.name if "by name" not in given else path.stem
    for one in given:
        option, _, value = one.partition(" ")
        variable, equals, held = one.partition("=")
        if one == "by name":
            options["folder"] = BAD
        elif option == "--set":
            options["sets"].append(value)
        elif option in {"--api-url", "--web-url"}:
            options[option[2:].replace("-", "_")] = value
        elif equals:
            options["environ"][variable] = held
    monkeypatch.chdir(BAD)

    with pytest.raises(ConfigError) as refused:
        load(wanted, today=TODAY, **options)

    assert str(refused.value) == expected.removeprefix("# ").replace("FILE", path.name)
    assert CANARY not in str(refused.value)


def test_the_bad_files_were_found() -> None:
    assert len(cases()) > 100


@pytest.mark.parametrize("name", ["demo", "local", "staging", "production"])
def test_the_environments_of_the_repository_load(name: str) -> None:
    env = load(name, folder=FOLDER, environ={}, today=TODAY)

    assert env.label == env.name == name
    gates = {gate.name: gate for gate in env.response_time}
    api = gates["API Response Time"]
    assert (api.limit_ms, api.severity, api.measure) == (1000, "critical", "total")
    assert str(api.routes[0]) == "/api/v1/health/ready"
    assert len(api.routes) == 4
    frontend = gates["Frontend Response Time"]
    assert (frontend.limit_ms, frontend.severity) == (2000, "critical")
    assert frontend.routes[0] == environment.Route("web", "/auth")
    slo = gates["Server response SLO"]
    assert (slo.limit_ms, slo.quantile, slo.measure, slo.severity) == (
        200,
        0.95,
        "server",
        "warning",
    )


def test_production_is_read_only_and_names_two_controls_and_a_way_back() -> None:
    env = load("production", folder=FOLDER, environ=TOKEN, today=TODAY)

    assert not env.smoke.writes
    assert not env.publish.screenshots
    assert len({url.split("/")[2] for url in env.control.urls}) == 2
    assert env.expect.detailed == ("database", "redis", "storage", "telegram")
    assert "rollback" in env.rollback.command
    assert env.secret_values == TOKEN
    assert env.secrets_allowed_for("API.vendhub.uz")
    assert not env.secrets_allowed_for("vendhub.uz.example")
    assert env.named_hosts == {
        "api.vendhub.uz",
        "admin.vendhub.uz",
        "app.vendhub.uz",
        "vendhub.uz",
    }


def test_a_file_of_two_lines_has_every_default(tmp_path: Path) -> None:
    env = load(write(tmp_path, ""), folder=FOLDER, environ={}, today=TODAY)

    assert env.target_url("api") is None
    assert env.origin("web") is None
    assert env.limits.windows == (Window(10, 1), Window(50, 10), Window(100, 60))
    assert (env.limits.connections, env.limits.headroom) == (10, 0.8)
    assert (env.deadlines.probe_ms, env.deadlines.round_ms) == (10_000, 15_000)
    assert env.deadlines.body_bytes == 2_000_000
    assert env.expect.tls_days == 14
    assert env.schedule.checks == 60
    assert env.schedule.smoke == 900
    assert env.schedule.window == 1800
    assert list(env.smoke.steps) == list(environment.STEPS)
    assert env.smoke.steps["login"] == environment.Step("ui", 15_000)
    assert env.standin is None
    assert (env.timezone, env.report_lang) == ("Asia/Tashkent", "ru")
    with pytest.raises(LookupError):
        env.target_url("wbe")


@pytest.mark.parametrize(
    ("written", "read", "origin"),
    [
        ("https://API.Vendhub.uz/", "https://api.vendhub.uz", "https://api.vendhub.uz"),
        ("https://api.vendhub.uz:443//", "https://api.vendhub.uz", "https://api.vendhub.uz"),
        ("http://localhost:4000/base/", "http://localhost:4000/base", "http://localhost:4000"),
        ("http://[::1]:80", "http://[::1]", "http://[::1]"),
        ("https://пример.uz", "https://xn--e1afmkfd.uz", "https://xn--e1afmkfd.uz"),
        ("https://api.vendhub.uz.", "https://api.vendhub.uz", "https://api.vendhub.uz"),
    ],
)
def test_urls_have_one_spelling(tmp_path: Path, written: str, read: str, origin: str) -> None:
    env = load(write(tmp_path, f'[urls]\napi = "{written}"'), folder=FOLDER, environ={})

    assert env.urls.api == env.target_url("api") == read
    assert env.origin("api") == origin


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9:81", "[::1]", "localhost", "a.localhost"])
def test_plain_http_with_a_secret_is_fine_on_this_machine(tmp_path: Path, host: str) -> None:
    content = f'[urls]\napi = "http://{host}"\n[headers]\nx-metrics-token = {{ env = "A_TOKEN" }}'

    assert load(write(tmp_path, content), folder=FOLDER, environ={}).urls.api == f"http://{host}"


def test_an_unset_secret_is_off_and_a_set_one_never_prints(tmp_path: Path) -> None:
    content = (
        '[headers]\nX-Metrics-Token = { env = "A_TOKEN" }\nX-Other-Token = { env = "NO_TOKEN" }\n'
        'X-Run = "smoke"\n[publish]\ntoken = { env = "A_TOKEN" }'
    )
    env = load(write(tmp_path, content), folder=FOLDER, environ={"A_TOKEN": CANARY})

    token, other = env.headers["x-metrics-token"], env.headers["x-other-token"]
    assert isinstance(token, Secret)
    assert isinstance(other, Secret)
    assert token.reveal() == env.publish.token.reveal() == CANARY
    assert not other.is_set
    assert env.headers["x-run"] == "smoke"
    assert [key for key, _ in env.secrets()] == [
        "headers.x-metrics-token",
        "headers.x-other-token",
        "publish.token",
    ]
    shown = [repr(env), str(token), f"{token}", repr(dataclasses.asdict(env)), repr([token])]
    assert not any(CANARY in text for text in shown)
    assert copy.deepcopy(token) is token
    with pytest.raises(LookupError, match=r"\$NO_TOKEN is not set"):
        other.reveal()
    with pytest.raises(TypeError):
        pickle.dumps(token)


def test_paths_of_certificates_count_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n", encoding="utf-8")
    env = load(write(tmp_path, '[network]\nca_file = "ca.pem"'), folder=FOLDER, environ={})

    assert env.network.ca_file == str(tmp_path / "ca.pem")


def test_a_known_gap_is_kept_past_its_date(tmp_path: Path) -> None:
    content = (
        '[[known_gap]]\ncheck = "Docs exposed"\nsymptom = "200"\nreason = "guard"\nuntil = {}\n'
    )
    for until in ("2020-01-01", "2027-05-23"):
        path = write(tmp_path, content.format(until))
        env = load(path, folder=FOLDER, environ={}, today=TODAY)
        assert env.known_gap[0].until == date.fromisoformat(until)


def test_overrides_are_said_and_take_no_secret_to_another_host() -> None:
    env = load(
        "production",
        folder=FOLDER,
        sets=["deadlines.probe_ms=5_000", "report_lang=en", "limits.windows=['5/1s']"],
        api_url="http://10.1.2.3:4000",
        environ=TOKEN,
        today=TODAY,
    )

    assert env.is_overridden
    assert env.label == "production (overridden)"
    assert env.overrides == (
        "deadlines.probe_ms=5_000",
        "report_lang=en",
        "limits.windows=['5/1s']",
        "urls.api=http://10.1.2.3:4000",
    )
    assert env.deadlines.probe_ms == 5000
    assert env.report_lang == "en"
    assert env.limits.windows == (Window(5, 1),)
    assert env.urls.api == "http://10.1.2.3:4000"
    assert "10.1.2.3" in env.named_hosts
    assert not env.secrets_allowed_for("10.1.2.3")
    assert env.secrets_allowed_for("api.vendhub.uz")


def test_an_override_may_not_turn_a_named_host_into_one_for_secrets(tmp_path: Path) -> None:
    content = (
        '[urls]\napi = "https://api.vendhub.uz"\n[hosts]\nstorage = ["cdn.vendhub.uz"]\n'
        '[headers]\nx-metrics-token = { env = "A_TOKEN" }'
    )
    env = load(
        write(tmp_path, content), folder=FOLDER, api_url="https://cdn.vendhub.uz", environ={}
    )

    assert "cdn.vendhub.uz" in env.named_hosts
    assert not env.secrets_allowed_for("cdn.vendhub.uz")


def test_the_stand_in_fills_in_what_it_chose() -> None:
    env = environment.replace_urls(
        load("demo", folder=FOLDER, sets=["standin.faults=['database-gone']"], environ={}), READY
    )

    assert env.standin is not None
    assert env.standin.faults == ("database-gone",)
    assert env.urls.api == env.urls.socket == READY["api"]
    assert env.urls.web == READY["web"]
    assert env.urls.client == ""
    assert env.hosts.storage == ("127.0.0.3", "localhost", "127.0.0.2")
    assert env.network.ca_file == READY["ca_file"]
    assert (env.smoke.writes, env.smoke.organization, env.smoke.machine) == (True, "o-1", "m-1")
    assert set(env.identities) == {"manager", "operator"}
    assert env.identities["manager"].password.reveal() == "manager-secret"
    assert env.identities["operator"].telegram_id == 77
    assert env.secret_values == {
        "STANDIN_MANAGER_PASSWORD": "manager-secret",
        "STANDIN_BOT_TOKEN": "1:bot-token-of-the-stand-in",
    }
    assert env.secrets_allowed_for("127.0.0.2")
    assert not env.secrets_allowed_for("127.0.0.3")


def test_an_unknown_name_lists_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    for wanted, meant in (("Production", "production"), ("stagin", "staging")):
        with pytest.raises(ConfigError) as refused:
            load(wanted, folder=FOLDER)
        assert str(refused.value) == (
            f"--env {wanted}: expected one of the environments in environments: demo, local,"
            f" production, staging. Did you mean {meant}?"
        )


def test_without_a_name_all_are_listed(tmp_path: Path) -> None:
    write(tmp_path, "", "near.toml")
    (tmp_path / "torn.toml").write_text("name =", encoding="utf-8")

    assert environment.available(tmp_path) == [
        ("near", "a try"),
        ("torn", "(not readable as TOML)"),
    ]
    assert environment.missing_environment_message(tmp_path) == (
        "no environment: say where to look with --env NAME\n"
        "  near  a try\n"
        "  torn  (not readable as TOML)"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'name = "\xff"', "byte 8 is not UTF-8"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
        (b"a = " + b"9" * 5000, "a number is too long"),
        (None, "No such file or directory"),
    ],
)
def test_files_that_are_no_toml(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "try.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigError, match=said):
        load(path, folder=FOLDER)


def test_a_path_may_hold_anything_a_shell_passes() -> None:
    for wanted in ("\0.toml", "x" * 5000 + ".toml", "/", "\udcff.toml"):
        with pytest.raises(ConfigError):
            load(wanted, folder=FOLDER)


def test_importing_the_package_does_not_import_pydantic() -> None:
    program = "import sys, vitals.environment; sys.exit('pydantic' in sys.modules)"

    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
