"""What options and the stand-in put in place of what an environment file says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from environment_file import FOLDER, TODAY, write

from vitals import environment
from vitals.environment import Window, load

if TYPE_CHECKING:
    from pathlib import Path

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
