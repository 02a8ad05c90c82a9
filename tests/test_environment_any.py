"""Whatever stands in an environment file, there comes an environment of it, or one message."""

from __future__ import annotations

import copy
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import certifi
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vitals.environment import ConfigError, Environment, load

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "environments"
TODAY = date(2026, 11, 24)
CANARY = "hunter22"

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.sampled_from([10**400, "https://u:p@h", "1/1s", "60s", "api", "web:/", "A_TOKEN", "UTC"])
)
KEYS = st.text(max_size=5) | st.sampled_from(["name", "env", "api", "urls", "manager", "login"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
COMPLETE = """
name = "try"
description = "everything that can be said"
timezone = "UTC"
report_lang = "en"
[urls]
api = "https://h"
[hosts]
assets = ["h"]
[network]
proxy = "http://p:1"
resolver = "1.1.1.1"
ca_file = "CERTIFICATES"
[control]
urls = ["https://c"]
[expect]
ready = ["database"]
tls_days = 1
[limits]
windows = ["1/1s"]
connections = 1
headroom = 0.5
[deadlines]
probe_ms = 1
round_ms = 2
body_bytes = 3
[headers]
x-metrics-token = { env = "A_TOKEN" }
x-run = "smoke"
[[response_time]]
name = "A"
routes = ["/"]
limit_ms = 1
quantile = 0.5
alpha_pass = 0.1
max_samples = 100
measure = "total"
identity = "manager"
[[known_gap]]
check = "c"
symptom = "s"
reason = "r"
until = 2026-12-01
[smoke]
writes = true
organization = "o"
machine = "m"
[smoke.steps.login]
drive = "api"
deadline_ms = 5
[identities.manager]
email = "a@b"
password = { env = "A_TOKEN" }
telegram_id = 5
bot_token = { env = "A_TOKEN" }
[rollback]
command = "back"
[publish]
repository = "a/b"
token = { env = "A_TOKEN" }
screenshots = true
[schedule]
checks = "1s"
samples = 1
heartbeat_url = { env = "A_TOKEN" }
""".replace("CERTIFICATES", certifi.where())


def outcome(wanted: str | Path, **options: Any) -> str:
    """The message that refuses an environment, "" when it loads."""
    try:
        env = load(wanted, folder=ROOT, environ={"A_TOKEN": CANARY}, today=TODAY, **options)
    except ConfigError as refused:
        return str(refused)
    assert isinstance(env, Environment)
    return ""


def with_document(document: dict[str, Any]) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tomllib, "loads", lambda _: document)
        return outcome(FOLDER / "demo.toml")


def places(node: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths of everything in a document, and of one new key in each table."""
    if isinstance(node, dict):
        inner = [p for key, one in node.items() for p in places(one, (*path, key))]
        return [*([path] if path else []), *inner, (*path, "new")]
    if isinstance(node, list):
        return [path, *(p for index, one in enumerate(node) for p in places(one, (*path, index)))]
    return [path]


def changed(document: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    document = copy.deepcopy(document)
    node: Any = document
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return document


def test_a_complete_file_loads() -> None:
    assert with_document(tomllib.loads(COMPLETE)) == ""


@settings(max_examples=1000, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(places(tomllib.loads(COMPLETE))), VALUES)
@example(("urls",), {"api": "http://h"})
@example(("name",), "https://u:p@h")
@example(("response_time", 0, "limit_ms"), 10**400)
def test_any_value_anywhere_gives_an_environment_or_one_message(
    path: tuple[str | int, ...], value: Any
) -> None:
    said = with_document(changed(tomllib.loads(COMPLETE), path, value))

    assert said.isprintable()
    assert CANARY not in said
    assert "u:p@" not in said


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_document_gives_an_environment_or_one_message(tables: dict[str, Any]) -> None:
    assert with_document(tables).isprintable()


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=60) | st.text("[]=\"'#{}.,\n0a-", max_size=60).map(str.encode))
def test_any_bytes_give_a_message(content: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda _: content)
        assert outcome("try.toml")


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=20), st.sampled_from(places(tomllib.loads(COMPLETE))), st.text(max_size=20))
def test_any_option_gives_an_environment_or_one_message(
    option: str, path: tuple[str | int, ...], value: str
) -> None:
    production = FOLDER / "production.toml"
    said = [
        outcome(production, sets=[option]),
        outcome(production, sets=[f"{'.'.join(map(str, path))}={value}"]),
        outcome(production, api_url=value),
    ]

    assert all(map(str.isprintable, said))
