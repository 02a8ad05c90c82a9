import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography import x509
from standin_process import COMMAND, REPOSITORY, read_line, running_standin

HEALTH = "/api/v1/health"
VERSION = "/api/v1/health/version"
ELSEWHERE = "http://127.0.0.9:9/"
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

Ready = dict[str, Any]


# --- the process ---


def test_ready_line_says_where_everything_is() -> None:
    with running_standin("--version", "3.1.4") as ready:
        assert ready["ready"] is True
        assert ready["profile"] == "complete"
        assert ready["version"] == "3.1.4"
        assert ready["socket"] == ready["api"]
        assert ready["client"] is None
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


# --- faults that are switched while it runs ---


@pytest.fixture(scope="module")
def standin() -> Iterator[Ready]:
    with running_standin("--no-limits") as ready:
        yield ready


def test_the_control_port_refuses_what_cannot_be(standin: Ready) -> None:
    control = standin["control"] + "/faults/"
    assert put(control + "api-dripps").status_code == 404
    assert put(control + "api-slow?value=soon").status_code == 400
    assert put(control + "tls-expired").status_code == 409
    assert get(standin["control"] + "/faults").json()["active"] == {}


def port_refuses(side: str, path: str) -> Callable[[Ready], None]:
    def witness(ready: Ready) -> None:
        origin = urlsplit(ready[side])
        assert refuses(ready[side])
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((origin.hostname, origin.port))
        switch(ready, f"{side}-down", on=False)
        assert get(ready[side] + path).status_code == 200

    return witness


def hangs(side: str) -> Callable[[Ready], None]:
    def witness(ready: Ready) -> None:
        with connect(ready[side]) as connection:
            connection.sendall(request_for(ready[side], "/"))
            with pytest.raises(TimeoutError):
                receive(connection, 0.5)

    return witness


def drips(ready: Ready) -> None:
    with asked(ready, HEALTH) as connection:
        head_arrived_at = time.monotonic()
        received = b""
        while len(received.partition(b"\r\n\r\n")[2]) < 2:
            received += receive_more(connection)
        assert 0.9 < time.monotonic() - head_arrived_at < 3.0
        assert len(received.partition(b"\r\n\r\n")[2]) == 2


def resets(ready: Ready) -> None:
    received = bytearray()
    with pytest.raises(ConnectionResetError):
        read_into(received, ready, HEALTH)
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    assert 0 < len(body) < announced_length(head)


def truncates(ready: Ready) -> None:
    head, _, body = everything(ready, HEALTH).partition(b"\r\n\r\n")
    assert 0 < len(body) < announced_length(head)


def endless_body(ready: Ready) -> None:
    with asked(ready, HEALTH) as connection:
        received = 0
        while received < 20_000_000:
            received += len(receive_more(connection))
    smaller = f"{ready['control']}/faults/api-endless-body?value=300000"
    assert put(smaller).is_success
    assert len(get(ready["api"] + HEALTH).content) == 300_000


def endless_headers(ready: Ready) -> None:
    with asked(ready, HEALTH) as connection:
        received = b""
        while len(received) < 2_000_000:
            received += receive_more(connection)
        assert b"\r\n\r\n" not in received


def gzip_bomb(ready: Ready) -> None:
    with httpx.stream("GET", ready["api"] + HEALTH, trust_env=False) as answer:
        assert answer.headers.get("content-encoding") == "gzip"
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        sent = unpacked = 0
        for chunk in answer.iter_raw():
            sent += len(chunk)
            unpacked += len(unpacker.decompress(chunk))
            if unpacked > 100_000_000:
                break
        assert unpacked > 500 * sent


def redirect_loop(ready: Ready) -> None:
    answer = get(ready["api"] + HEALTH)
    assert answer.status_code == 302
    assert answer.url.join(answer.headers.get("location")) == answer.url


def redirects_away(ready: Ready) -> None:
    answer = get(ready["api"] + HEALTH)
    assert (answer.status_code, answer.headers.get("location")) == (302, ELSEWHERE)


def is_html(status: int) -> Callable[[Ready], None]:
    def witness(ready: Ready) -> None:
        answer = get(ready["api"] + HEALTH)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")

    return witness


def bad_json(ready: Ready) -> None:
    answer = get(ready["api"] + HEALTH)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def wrong_page(ready: Ready) -> None:
    answer = get(ready["web"] + "/auth")
    assert answer.status_code == 200
    assert "VendHub" not in answer.text


def asset(kind: str, status: int, content_type: str) -> Callable[[Ready], None]:
    def witness(ready: Ready) -> None:
        answers = [get(ready["web"] + path) for path in asset_paths(ready, kind)]
        assert (status, content_type) in {
            (answer.status_code, answer.headers["content-type"].partition(";")[0])
            for answer in answers
        }

    return witness


def wrong_api(ready: Ready) -> None:
    assert get(ready["web"] + HEALTH).status_code == 502
    assert get(ready["api"] + HEALTH).status_code == 200


def other_api(ready: Ready) -> None:
    mine, other = (get(ready[side] + VERSION).json()["data"] for side in ("api", "web"))
    assert mine["environment"] == "production"
    assert other["environment"] == "staging"


def dashboard_open(ready: Ready) -> None:
    answer = get(ready["web"] + "/dashboard")
    assert answer.status_code == 200
    assert 'id="main-content"' in answer.text


def dashboard_away(ready: Ready) -> None:
    answer = get(ready["web"] + "/dashboard")
    assert (answer.status_code, answer.headers.get("location")) == (307, ELSEWHERE)


def old_build(ready: Ready) -> None:
    old = asset_paths(ready, "")
    assert {get(ready["web"] + path).status_code for path in old} == {200}
    switch(ready, "web-old-build", on=False)
    new = asset_paths(ready, "")
    assert len(new) == len(old) == 4
    assert not set(new) & set(old)


WITNESSES: dict[str, Callable[[Ready], None]] = {
    "api-down": port_refuses("api", HEALTH),
    "web-down": port_refuses("web", "/auth"),
    "api-hangs": hangs("api"),
    "web-hangs": hangs("web"),
    "api-drips": drips,
    "api-resets": resets,
    "api-truncates": truncates,
    "api-endless-body": endless_body,
    "api-endless-headers": endless_headers,
    "api-gzip-bomb": gzip_bomb,
    "api-redirect-loop": redirect_loop,
    "api-redirects-away": redirects_away,
    "api-html": is_html(200),
    "api-bad-json": bad_json,
    "api-bad-gateway": is_html(502),
    "web-wrong-page": wrong_page,
    "web-script-missing": asset("js", 404, "text/html"),
    "web-style-wrong-type": asset("css", 200, "text/html"),
    "web-script-is-page": asset("js", 200, "text/html"),
    "web-wrong-api": wrong_api,
    "web-other-api": other_api,
    "web-old-build": old_build,
    "dashboard-open": dashboard_open,
    "dashboard-away": dashboard_away,
}


@pytest.mark.parametrize("name", WITNESSES)
def test_a_fault_shows_and_goes(standin: Ready, name: str) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        WITNESSES[name](standin)  # a witness that a healthy stand-in convinces is no witness
    with switched(standin, name):
        WITNESSES[name](standin)
    assert_is_healthy(standin)


def test_a_fault_reaches_connections_that_were_open_before(standin: Ready) -> None:
    with httpx.Client(base_url=standin["api"], trust_env=False) as client:
        assert client.get(HEALTH).status_code == 200
        with switched(standin, "api-bad-gateway"):
            assert client.get(HEALTH).status_code == 502
        with connect(standin["api"]) as idle, switched(standin, "api-down"):
            assert receive(idle) == b""


def test_faults_compose(standin: Ready) -> None:
    with switched(standin, "api-bad-gateway", "api-truncates"):
        head, _, body = everything(standin, HEALTH).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 502 ")
    assert b"Bad Gateway" in body
    assert len(body) < announced_length(head)


def assert_is_healthy(ready: Ready) -> None:
    assert get(ready["control"] + "/faults").json()["active"] == {}
    for url in (ready["api"] + HEALTH, ready["web"] + HEALTH):
        answer = get(url)
        assert answer.status_code == 200
        assert answer.json()["data"]["status"] == "ok"
    assert "VendHub Admin" in get(ready["web"] + "/auth").text
    assert get(ready["web"] + "/dashboard").headers["location"] == "/auth?redirect=%2Fdashboard"
    for path in asset_paths(ready, ""):
        expected = "text/css" if path.endswith("css") else "application/javascript"
        answer = get(ready["web"] + path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(expected)
        assert "immutable" in answer.headers["cache-control"]


# --- faults of certificates ---


def test_certificates_are_good_for_90_days() -> None:
    with running_standin("--tls") as ready:
        context = ssl.create_default_context(cafile=ready["ca_file"])
        for side in ("api", "web"):
            with tls_connect(ready[side], context) as connection:
                assert days_left(connection) == 89
        root = x509.load_pem_x509_certificate(Path(ready["ca_file"]).read_bytes())
        assert root.not_valid_after_utc < datetime.now(UTC) + timedelta(days=91)
        verified = httpx.get(ready["web"] + HEALTH, verify=context, trust_env=False)
        assert verified.json()["data"]["status"] == "ok"


@pytest.mark.parametrize(
    ("fault", "verify_code"),
    [
        ("tls-expired", 10),
        ("tls-self-signed", 18),
        ("tls-missing-intermediate", 20),
        ("tls-wrong-host", 64),  # 62 for a host that has a name
    ],
)
def test_a_bad_certificate_is_refused(fault: str, verify_code: int) -> None:
    with running_standin("--tls", "--fault", fault) as ready:
        context = ssl.create_default_context(cafile=ready["ca_file"])
        for side in ("api", "web"):
            with pytest.raises(ssl.SSLCertVerificationError) as refused:
                tls_connect(ready[side], context)
            assert refused.value.verify_code == verify_code


def test_tls_soon() -> None:
    with running_standin("--tls", "--fault", "tls-soon=3") as ready:
        context = ssl.create_default_context(cafile=ready["ca_file"])
        with tls_connect(ready["api"], context) as connection:
            assert days_left(connection) == 2


@pytest.mark.skipif(not ssl.HAS_TLSv1_1, reason="this OpenSSL has no TLS 1.1")
def test_tls_old() -> None:
    with running_standin("--tls", "--fault", "tls-old") as ready:
        context = ssl.create_default_context(cafile=ready["ca_file"])
        with pytest.raises(ssl.SSLError):
            tls_connect(ready["api"], context)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            context.minimum_version = ssl.TLSVersion.TLSv1_1
        with tls_connect(ready["api"], context) as connection:
            assert connection.version() == "TLSv1.1"


# --- asking ---


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=10.0)


def put(url: str) -> httpx.Response:
    return httpx.put(url, trust_env=False)


def switch(ready: Ready, name: str, *, on: bool) -> None:
    url = f"{ready['control']}/faults/{name}"
    answer = httpx.request("PUT" if on else "DELETE", url, trust_env=False)
    assert answer.is_success
    assert (name in answer.json()["active"]) is on


@contextmanager
def switched(ready: Ready, *names: str) -> Iterator[None]:
    for name in names:
        switch(ready, name, on=True)
    try:
        yield
    finally:
        for name in names:
            switch(ready, name, on=False)


def asset_paths(ready: Ready, ending: str) -> list[str]:
    page = get(ready["web"] + "/auth").text
    return [path for path in re.findall(r'"(/_next/[^"]+)"', page) if path.endswith(ending)]


def connect(origin: str) -> socket.socket:
    address = urlsplit(origin)
    return socket.create_connection((address.hostname, address.port), timeout=5.0)


def refuses(origin: str) -> bool:
    try:
        connect(origin).close()
    except ConnectionRefusedError:
        return True
    return False


def tls_connect(origin: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    plain = connect(origin)
    try:
        return context.wrap_socket(plain, server_hostname=urlsplit(origin).hostname)
    except OSError:
        plain.close()
        raise


def days_left(connection: ssl.SSLSocket) -> int:
    der = connection.getpeercert(binary_form=True)
    assert der is not None
    return (x509.load_der_x509_certificate(der).not_valid_after_utc - datetime.now(UTC)).days


def request_for(origin: str, path: str, headers: str = "Connection: close\r\n") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {urlsplit(origin).netloc}\r\n{headers}\r\n".encode()


@contextmanager
def asked(ready: Ready, path: str) -> Iterator[socket.socket]:
    with connect(ready["api"]) as connection:
        connection.sendall(request_for(ready["api"], path))
        yield connection


def receive(connection: socket.socket, within_s: float = 5.0) -> bytes:
    connection.settimeout(within_s)
    return connection.recv(1 << 16)


def receive_more(connection: socket.socket) -> bytes:
    chunk = receive(connection)
    assert chunk, "the connection ended"
    return chunk


def read_into(received: bytearray, ready: Ready, path: str) -> None:
    with asked(ready, path) as connection:
        while chunk := receive(connection):
            received += chunk


def everything(ready: Ready, path: str) -> bytes:
    received = bytearray()
    read_into(received, ready, path)
    return bytes(received)


def announced_length(head: bytes) -> int:
    found = re.search(rb"(?i)content-length: (\d+)", head)
    assert found is not None
    return int(found[1])
