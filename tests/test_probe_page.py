"""A page is judged with everything that it needs, and by several answers of one route."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hostile_server import HostileServer, answer, in_turn, saying
from probing import environment, observe, started

from vitals.probe.page import ASSETS_AT_MOST
from vitals.probe.sample import Kind, PageSample, WatchSample
from vitals.probe.spec import Get, Page, Watch

if TYPE_CHECKING:
    from hostile_server import Behaviour

HTML = b"""<!doctype html><base href="/static/">
<SCRIPT SRC="app.js"></SCRIPT><script>inline()</script><script src="app.js"></script>
<link rel="preload stylesheet" href="style.css"><link rel="icon" href="icon.png">
<script src="https://cdn.invalid/x.js"></script><script src="http://x:port/"></script>
<script src="gone.js"></script>"""


def test_a_page_brings_its_scripts_and_styles_once_each() -> None:
    routes = {
        "/": answer(HTML),
        "/static/app.js": answer(b"x" * 200_000, headers=("content-type: text/javascript",)),
        "/static/style.css": answer(b"body{}"),
    }
    with HostileServer(routes) as server:
        sample = observe(environment(web=server.url), Page("web", "/"), PageSample)
    assert (sample.kind, sample.page.status) == (Kind.ANSWERED, 200)
    app, style, foreign, garbled, gone = sample.assets
    assert (app.status, app.size, len(app.body)) == (200, 200_000, 4096)
    assert (style.url, style.body) == (f"{server.url}/static/style.css", b"body{}")
    assert (foreign.kind, foreign.url) == (Kind.FOREIGN, "https://cdn.invalid/x.js")
    assert "cdn.invalid" in foreign.detail
    assert garbled.detail == "it is no URL"
    assert gone.status == 404
    assert sorted(server.paths()) == ["/", "/static/app.js", "/static/gone.js", "/static/style.css"]


def test_a_page_with_too_many_assets_says_so() -> None:
    body = b"".join(b"<script src=/%d.js></script>" % number for number in range(100))
    with HostileServer({"/": answer(body)}) as server:
        sample = observe(environment(web=server.url), Page("web", "/"), PageSample)
    assert len(sample.assets) == ASSETS_AT_MOST == len(server.heads) - 1
    assert sample.detail == "40 of 100 assets were not requested"


def test_markup_made_to_hang_a_parser_holds_nobody_up() -> None:
    routes = {
        f"/{number}": answer(part * (1_900_000 // len(part)))
        for number, part in enumerate(
            (b"<a", b"<!--", b"<![CDATA[", b"<a b='", b"</", b"<script>", b"&#")
        )
    }
    probes = [Page("web", path) for path in routes]
    with HostileServer(routes) as server:
        looking_at = environment(web=server.url, body_bytes=2_000_000, round_ms=15_000)
        began = time.monotonic()
        with started(looking_at, *probes) as found:
            assert {found.result(probe).kind for probe in probes} == {Kind.ANSWERED}
        assert time.monotonic() - began < 8


def test_a_page_that_does_not_answer_has_no_assets() -> None:
    with HostileServer({"/": saying(b"")}) as server:
        sample = observe(environment(web=server.url), Page("web", "/"), PageSample)
    assert (sample.kind, sample.page.kind, sample.assets) == (Kind.RESET, Kind.RESET, ())
    assert sample.detail


def test_a_watch_asks_on_fresh_connections_and_once_more_at_the_end() -> None:
    builds = [saying(answer(name)) for name in (b"a", b"a", b"b", b"c")]
    routes = {"/build": in_turn(*builds), "/slow": in_turn(saying(b""), saying(answer()))}
    watch, slow = Watch("api", "/build"), Get("api", "/slow")
    with HostileServer(routes) as server, started(environment(api=server.url), watch, slow) as all_:
        sample, other = all_.result(watch), all_.result(slow)
    assert isinstance(sample, WatchSample)
    assert sorted(answer.body for answer in sample.answers[:3]) == [b"a", b"a", b"b"]
    last = sample.answers[3]
    assert last.body == b"c"
    assert last.at >= other.at + other.duration
    assert not any(answer.reused for answer in sample.answers)


def test_a_watch_does_not_wait_for_a_probe_that_hangs_until_the_end() -> None:
    routes: dict[str, Behaviour | bytes] = {
        "/build": answer(b"a"),
        "/hang": saying(b"", then_close=False),
    }
    watch, hang = Watch("api", "/build"), Get("api", "/hang")
    with (
        HostileServer(routes) as server,
        started(environment(api=server.url, probe_ms=5000, round_ms=1000), watch, hang) as found,
    ):
        sample, hung = found.result(watch), found.result(hang)
    assert isinstance(sample, WatchSample)
    assert [answer.status for answer in sample.answers] == [200] * 4
    assert hung.kind is Kind.DEADLINE
    assert "then no answer for" in hung.detail
    assert hung.detail.endswith("then the round's 1.0 s were over")
