"""The stand-in as a process: its READY line, its faults by name, and its end."""

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from raw_connection import connect, receive, refuses, request_for, tls_connect
from standin_fault import HEALTH, get, put, switch
from standin_process import COMMAND, REPOSITORY, read_line, running_standin

STOPS_WITHIN_S = 2.0

CATALOGUE = [
    "database-gone",
    "restarting",
    "component-degraded",
    "component-missing",
    "version-absent",
    "old-instance",
    "clock-off",
    "auth-disabled",
    "docs-exposed",
    "metrics-exposed",
    "cors-lost",
    "cors-open",
    "headers-lost",
    "rate-headers-lost",
    "envelope-lost",
    "error-shape-lost",
    "throttle-storm",
    "api-slow",
    "sockets-gone",
    "sockets-open",
    "sockets-silent",
    "sockets-no-namespace",
    "sockets-polling-only",
    "api-down",
    "web-down",
    "api-hangs",
    "web-hangs",
    "api-drips",
    "api-resets",
    "api-truncates",
    "api-endless-body",
    "api-endless-headers",
    "api-gzip-bomb",
    "api-redirect-loop",
    "api-redirects-away",
    "api-html",
    "api-bad-json",
    "api-bad-gateway",
    "web-wrong-page",
    "web-script-missing",
    "web-style-wrong-type",
    "web-script-is-page",
    "web-wrong-api",
    "web-other-api",
    "dashboard-open",
    "dashboard-away",
    "web-old-build",
    "tls-expired",
    "tls-soon",
    "tls-wrong-host",
    "tls-self-signed",
    "tls-missing-intermediate",
    "tls-old",
]

# --- its life ---


def test_ready_line_says_where_everything_is() -> None:
    with running_standin("--version", "3.1.4") as ready:
        assert ready["ready"] is True
        assert ready["profile"] == "complete"
        assert ready["version"] == "3.1.4"
        assert ready["socket"] == ready["api"]
        assert get(ready["client"]).status_code == 200
        assert ready["ca_file"] is None
        assert urlsplit(ready["api"]).hostname != urlsplit(ready["web"]).hostname
        assert urlsplit(ready["api"]).hostname in ready["storage_hosts"]
        assert set(ready["identities"]) == {"owner", "manager", "operator"}
        assert set(ready["identities"]["manager"]) == {"email", "password", "telegram_id"}
        assert re.fullmatch(r"\d{9,10}:[\w-]{35}", ready["bot_token"])
        assert get(ready["web"] + "/auth").status_code == 200
        assert get(ready["api"] + HEALTH).status_code == 200
        assert set(get(ready["control"] + "/faults").json()["catalogue"]) >= set(CATALOGUE)


def test_it_ends_with_the_process_that_started_it() -> None:
    script = "import subprocess, sys; subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL)"
    with subprocess.Popen(
        [sys.executable, "-c", script, *COMMAND], cwd=REPOSITORY, stdout=subprocess.PIPE
    ) as between:
        assert between.stdout is not None
        try:
            ready = json.loads(read_line(between.stdout, 30.0))
        finally:
            between.kill()
        assert read_line(between.stdout, STOPS_WITHIN_S) == b""
        assert refuses(ready["api"])


def test_it_ends_with_its_standard_input() -> None:
    with subprocess.Popen(
        COMMAND, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert read_line(process.stdout, 30.0)
        process.stdin.close()
        assert process.wait(STOPS_WITHIN_S) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_in_spite_of_open_connections(
    number: signal.Signals, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [*COMMAND, "--tls"],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        ready = json.loads(read_line(process.stdout, 30.0))
        assert len(list(tmp_path.iterdir())) == 1
        context = ssl.create_default_context(cafile=ready["ca_file"])
        switch(ready, "api-hangs", on=True)
        with (
            connect(ready["web"]),  # its TLS handshake never comes
            tls_connect(ready["api"], context) as hanging,
        ):
            hanging.sendall(request_for(ready["api"], HEALTH))
            with pytest.raises(TimeoutError):
                receive(hanging, 0.2)
            started = time.monotonic()
            process.send_signal(number)
            assert process.wait(STOPS_WITHIN_S) == 0
            assert time.monotonic() - started < STOPS_WITHIN_S
        assert list(tmp_path.iterdir()) == []
        assert process.stderr.read() == b""
        assert process.stdout.read() == b""


def test_an_open_websocket_does_not_keep_it() -> None:
    with running_standin() as ready, connect(ready["api"]) as websocket:
        target = "/socket.io/?EIO=4&transport=websocket"
        upgrade = (
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        )
        websocket.sendall(request_for(ready["api"], target, upgrade))
        assert receive(websocket).startswith(b"HTTP/1.1 101 ")
    # running_standin raises if it did not end well


# --- faults by name ---


def test_an_unknown_fault_is_told_with_the_nearest_names() -> None:
    result = subprocess.run(
        [*COMMAND, "--fault", "api-dripps"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("standin: unknown fault 'api-dripps'; nearest: api-drips")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fault", "api-slow=soon"], "fault api-slow takes a number not below 0, got 'soon'"),
        (["--fault", "api-down=1"], "fault api-down takes no value, got '1'"),
        (["--fault", "tls-expired"], "fault tls-expired needs --tls"),
    ],
)
def test_a_fault_that_cannot_be_is_a_usage_error(arguments: list[str], message: str) -> None:
    result = subprocess.run(
        [*COMMAND, *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout, result.stderr) == (2, "", f"standin: {message}\n")


def test_the_catalogue_is_listed() -> None:
    result = subprocess.run(
        [*COMMAND, "--list-faults"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    rows = [line.split(maxsplit=2) for line in result.stdout.splitlines()]
    assert {name for name, _, _ in rows} >= set(CATALOGUE)
    assert all(sentence for _, _, sentence in rows)


def test_the_control_port_refuses_what_cannot_be() -> None:
    with running_standin() as standin:
        control = standin["control"] + "/faults/"
        assert put(control + "api-dripps").status_code == 404
        assert put(control + "api-slow?value=soon").status_code == 400
        assert put(control + "tls-expired").status_code == 409
        assert get(standin["control"] + "/faults").json()["active"] == {}
