"""Environment files mean what they say, with a default for whatever they leave out."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING

import pytest
from environment_file import FOLDER, ROOT, TODAY, write

from vitals import environment
from vitals.environment import Secret, Window, load

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "hunter22"
TOKEN = {"VENDHUB_METRICS_TOKEN": "metrics-token-1"}


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


def test_importing_the_package_does_not_import_pydantic() -> None:
    program = "import sys, vitals.environment; sys.exit('pydantic' in sys.modules)"

    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
