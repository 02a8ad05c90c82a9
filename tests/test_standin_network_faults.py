"""Faults of ports, connections and answers show to whoever asks, and go."""

import json
import socket
import time
import zlib
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from raw_connection import (
    announced_length,
    asked,
    connect,
    everything,
    read_into,
    receive,
    receive_more,
    refuses,
    request_for,
)
from standin_fault import (
    ELSEWHERE,
    HEALTH,
    Ready,
    Witness,
    assert_shows_and_goes,
    get,
    put,
    switch,
    switched,
)
from standin_process import running_standin


@pytest.fixture(scope="module")
def standin() -> Iterator[Ready]:
    with running_standin("--no-limits") as ready:
        yield ready


def port_refuses(side: str, path: str) -> Witness:
    def witness(ready: Ready) -> None:
        origin = urlsplit(ready[side])
        assert refuses(ready[side])
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((origin.hostname, origin.port))
        switch(ready, f"{side}-down", on=False)
        assert get(ready[side] + path).status_code == 200

    return witness


def hangs(side: str) -> Witness:
    def witness(ready: Ready) -> None:
        with connect(ready[side]) as connection:
            connection.sendall(request_for(ready[side], "/"))
            with pytest.raises(TimeoutError):
                receive(connection, 0.5)

    return witness


def drips(ready: Ready) -> None:
    with asked(ready["api"], HEALTH) as connection:
        head_arrived_at = time.monotonic()
        received = b""
        while len(received.partition(b"\r\n\r\n")[2]) < 2:
            received += receive_more(connection)
        assert 0.9 < time.monotonic() - head_arrived_at < 3.0
        assert len(received.partition(b"\r\n\r\n")[2]) == 2


def resets(ready: Ready) -> None:
    received = bytearray()
    with pytest.raises(ConnectionResetError):
        read_into(received, ready["api"], HEALTH)
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    assert 0 < len(body) < announced_length(head)


def truncates(ready: Ready) -> None:
    head, _, body = everything(ready["api"], HEALTH).partition(b"\r\n\r\n")
    assert 0 < len(body) < announced_length(head)


def endless_body(ready: Ready) -> None:
    with asked(ready["api"], HEALTH) as connection:
        received = 0
        while received < 20_000_000:
            received += len(receive_more(connection))
    smaller = f"{ready['control']}/faults/api-endless-body?value=300000"
    assert put(smaller).is_success
    assert len(get(ready["api"] + HEALTH).content) == 300_000


def endless_headers(ready: Ready) -> None:
    with asked(ready["api"], HEALTH) as connection:
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


def is_html(status: int) -> Witness:
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


WITNESSES: dict[str, Witness] = {
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
}


@pytest.mark.parametrize("name", WITNESSES)
def test_a_fault_shows_and_goes(standin: Ready, name: str) -> None:
    assert_shows_and_goes(standin, name, WITNESSES[name])


def test_a_fault_reaches_connections_that_were_open_before(standin: Ready) -> None:
    with httpx.Client(base_url=standin["api"], trust_env=False) as client:
        assert client.get(HEALTH).status_code == 200
        with switched(standin, "api-bad-gateway"):
            assert client.get(HEALTH).status_code == 502
        with connect(standin["api"]) as idle, switched(standin, "api-down"):
            assert receive(idle) == b""


def test_faults_compose(standin: Ready) -> None:
    with switched(standin, "api-bad-gateway", "api-truncates"):
        head, _, body = everything(standin["api"], HEALTH).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 502 ")
    assert b"Bad Gateway" in body
    assert len(body) < announced_length(head)
