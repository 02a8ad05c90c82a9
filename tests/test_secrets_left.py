"""No secret is in anything that a run leaves, however the target sends it back."""

from __future__ import annotations

import base64
import html
import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from suite_run import Suite, environment_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from suite_run import Ended

CANARY = "kS9!d_x/Q2+zz\"w'&<7"
VARIABLE = "CANARY_KEY"


def in_base64(text: str) -> list[str]:
    """The part of its base64 that is the same whatever surrounds it, for each of the offsets."""
    content = text.encode()
    found = []
    for before in range(3):
        end = (before + len(content)) // 3 * 3
        encoded = base64.b64encode((bytes(before) + content)[:end]).decode()
        found.append(encoded[4 if before else 0 :])
    return found


SPELLINGS = sorted(
    {
        CANARY,
        quote(CANARY),
        quote(CANARY, safe=""),
        json.dumps(CANARY)[1:-1],
        json.dumps(json.dumps(CANARY)[1:-1])[1:-1],
        html.escape(CANARY),
        html.escape(json.dumps(CANARY)[1:-1]),
        repr(CANARY)[1:-1],
        *in_base64(CANARY),
        *in_base64(quote(CANARY, safe="")),
        *in_base64(json.dumps(CANARY)),
    }
)


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent: in the body, in headers, and in where it leads."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        key = self.headers.get("x-probe-key", "")
        encoded = base64.b64encode(key.encode()).decode()
        body = json.dumps(
            {
                "success": True,
                "data": {"status": key, "url": quote(key, safe=""), "base64": encoded},
                "timestamp": f"{key} {html.escape(key)}",
            }
        ).encode()
        leads_away = self.path.endswith("/live")
        self.send_response(302 if leads_away else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("x-echo", key)
        self.send_header("x-frame-options", encoded)
        if leads_away:
            self.send_header("location", f"http://127.0.0.9:9/?key={quote(key, safe='')}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - the names that the base class calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def echoing() -> Iterator[str]:
    """The URL of a server that echoes."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def leaks(ended: Ended) -> dict[str, list[str]]:
    """The spellings of the canary in what a run left, by where they stand."""
    assert ended.folder is not None
    left = {path.name: path.read_text("utf-8") for path in ended.folder.rglob("*.*")}
    assert {"run.json", "junit.xml", "report.html"} <= left.keys()
    texts = {"stdout": ended.out, "stderr": ended.err, **left}
    found = {
        name: [one for one in SPELLINGS if one in text or one in html.unescape(text)]
        for name, text in texts.items()
    }
    return {name: spellings for name, spellings in found.items() if spellings}


@pytest.fixture(scope="module", name="echoed")
def _echoed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Ended]:
    suite = Suite(tmp_path_factory.mktemp("echoed") / "copy")
    (suite.root / "checks" / "test_odd.py").write_text(
        "from vitals import Get, check\n\n"
        '@check("Odd", severity="warning", incident="P4", runbook="deploy#4",\n'
        '       health=Get("api", "/api/v1/health"))\n'
        "def test_odd(health):\n"
        "    print(health)\n"
        "    raise KeyError(health.text)\n"
    )
    (suite.root / "no_redaction.py").write_text(
        "from vitals.redact import Redactor\n"
        "Redactor.text = Redactor.data = lambda self, value: value\n"
        "Redactor.header = lambda self, name, value: value\n"
    )

    def run(*arguments: str) -> Ended:
        with echoing() as url:
            secret = f'[headers]\nx-probe-key = {{ env = "{VARIABLE}" }}\n'
            suite.write_environment("echo", environment_text({"api": url}, more=secret))
            return suite.run(
                "checks", "--env", "echo", "-rA", *arguments, environ={VARIABLE: CANARY}
            )

    return run


def test_a_secret_that_the_target_sends_back_is_in_nothing_that_is_left(
    echoed: Callable[..., Ended],
) -> None:
    ended = echoed()
    assert leaks(ended) == {}
    assert ended.code == 1
    assert f"${VARIABLE}" in ended.out
    assert f"${VARIABLE}" in json.dumps(ended.record)


def test_without_the_redactor_it_would_be_everywhere(echoed: Callable[..., Ended]) -> None:
    ended = echoed("-p", "no_redaction")
    assert {"stdout", "run.json", "junit.xml", "report.html"} <= leaks(ended).keys()
