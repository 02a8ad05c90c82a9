"""No secret passes the redactor, however it was written down."""

from __future__ import annotations

import ast
import base64
import html
import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlencode

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from vitals.redact import REDACTED, Redactor, is_sensitive_header

Codec = Callable[[str], str]

OFTEN = settings(max_examples=20, deadline=None, derandomize=True, database=None)
"""For each way of writing; there are many of these."""

NAME = "CANARY"
CANARY = "kS9!d_x/Q2+zz\"w'&<7"


def in_parts(separator: str, size: int = 6) -> Codec:
    """An encoder that breaks a text every few characters."""
    return lambda text: separator.join(text[i : i + size] for i in range(0, len(text), size))


def percent_in_lower_case(text: str) -> str:
    return re.sub("%..", lambda found: found.group().lower(), quote(text, safe=""))


def every_character_in_json(text: str) -> str:
    units = text.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02X}{units[i + 1]:02X}" for i in range(0, len(units), 2))


def python_text(text: str) -> str:
    return str(ast.literal_eval(text))


WRITERS: dict[str, tuple[Codec, Codec]] = {
    "plain": (str, str),
    "percent": (lambda text: quote(text, safe=""), unquote),
    "percent with slashes": (quote, unquote),
    "percent in lower case": (percent_in_lower_case, unquote),
    "percent in percent": (
        lambda text: quote(quote(text, safe=""), safe=""),
        lambda text: unquote(unquote(text)),
    ),
    "form": (quote_plus, unquote_plus),
    "query": (lambda text: urlencode({"q": text}), lambda text: unquote_plus(text)[2:]),
    "JSON": (json.dumps, json.loads),
    "JSON in Unicode": (lambda text: json.dumps(text, ensure_ascii=False), json.loads),
    "JSON with escaped slashes": (
        lambda text: json.dumps(text).replace("/", "\\/"),
        json.loads,
    ),
    "JSON in JSON": (
        lambda text: json.dumps(json.dumps(text)),
        lambda text: str(json.loads(json.loads(text))),
    ),
    "repr": (repr, python_text),
    "repr in ASCII": (ascii, python_text),
    "repr in JSON": (
        lambda text: json.dumps(repr(text)),
        lambda text: python_text(json.loads(text)),
    ),
    "HTML": (html.escape, html.unescape),
    "JSON in HTML": (
        lambda text: html.escape(json.dumps(text)),
        lambda text: str(json.loads(html.unescape(text))),
    ),
    "HTML in JSON": (
        lambda text: json.dumps(html.escape(text)),
        lambda text: html.unescape(json.loads(text)),
    ),
    "percent in HTML": (
        lambda text: html.escape(quote(text, safe="~()*!'")),
        lambda text: unquote(html.unescape(text)),
    ),
}

HARD: dict[str, Codec] = {
    "every character in percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "every character in JSON": every_character_in_json,
    "every character in HTML": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "every character in hexadecimal HTML": lambda text: "".join(f"&#X{ord(c):X};" for c in text),
    "lines": in_parts("\n"),
    "lines with carriage returns": in_parts("\r\n", 7),
    "lines of a shell": in_parts("\\\n  "),
    "lines of a Windows shell": in_parts("^\r\n  "),
    "lines of a traceback": in_parts("\nE       "),
    "lines of a quoted mail": in_parts("\n> ", 5),
    "lines of Python": in_parts("'\n '"),
    "one character a line": in_parts("\n", 1),
    "lines in JSON": lambda text: json.dumps(in_parts("\n")(text)),
    "lines in percent": lambda text: quote(in_parts("\r\n")(text), safe=""),
    "lines of HTML": lambda text: "<br>".join(
        html.escape(part) for part in in_parts("\0")(text).split("\0")
    ),
}

BASE64: dict[str, Codec] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 in lines": lambda text: base64.encodebytes(text.encode()).decode(),
    "base64 in JSON lines": lambda text: json.dumps(base64.encodebytes(text.encode()).decode()),
    "base64 in percent": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
}

AROUND = st.text("abcdeXYZ0123 .,", max_size=30)
CALM = st.text("abcdeXYZ0123.", max_size=30)
ODD = "\"'&<>\\/+%=?#$~`!@;: ЖÿΩ€ß🔑"
SECRETS = st.text(st.sampled_from("abcEnrtux0129ABZ_-" + ODD), min_size=8, max_size=40).filter(
    lambda secret: secret not in f"${NAME}" and secret == secret.strip()
)


@pytest.mark.parametrize("writer", WRITERS)
@OFTEN
@given(before=CALM, secret=SECRETS, after=CALM)
@example(before="x", secret=CANARY, after="y")
@example(before="", secret="C:\\new\\x41%41&amp;", after="")
def test_a_secret_is_replaced_whatever_wrote_it(
    writer: str, before: str, secret: str, after: str
) -> None:
    encode, decode = WRITERS[writer]
    text = before + secret + after
    written = encode(text)

    shown = Redactor({NAME: secret}).text(written)

    assert decode(shown) == text.replace(secret, f"${NAME}")
    assert Redactor({NAME: secret}).scan(written.encode()) == [NAME]
    assert Redactor({NAME: secret}).scan(shown.encode()) == []


@pytest.mark.parametrize("writer", HARD)
@OFTEN
@given(before=AROUND, secret=SECRETS, after=AROUND)
@example(before="E ", secret="ABE cdefgh", after=" E")
def test_a_secret_is_found_across_line_ends_and_in_odd_spellings(
    writer: str, before: str, secret: str, after: str
) -> None:
    written = HARD[writer](before + secret + after)

    shown = Redactor({NAME: secret}).text(written)

    assert f"${NAME}" in shown
    assert Redactor({NAME: secret}).scan(shown.encode()) == []


@pytest.mark.parametrize("writer", BASE64)
@OFTEN
@given(before=AROUND, secret=SECRETS, after=AROUND)
def test_a_secret_is_found_in_base64_at_any_offset(
    writer: str, before: str, secret: str, after: str
) -> None:
    written = BASE64[writer](before + secret + after)

    shown = Redactor({NAME: secret}).text(written)

    head, found, tail = shown.partition(f"${NAME}")
    assert found
    encoded = secret.encode()
    for rest in (head, tail):
        letters = re.sub(r"%..|\\n|[^A-Za-z0-9+/_-]", "", rest).translate(str.maketrans("-_", "+/"))
        for offset in range(4):
            usable = letters[offset:][: (len(letters) - offset) // 4 * 4]
            assert encoded not in base64.b64decode(usable)


@settings(deadline=None, derandomize=True, database=None)
@given(st.text(max_size=200))
def test_without_secrets_a_text_stays_as_it_is(text: str) -> None:
    assume("eyJ" not in text)
    assert Redactor({NAME: CANARY}).text(text) == text


def test_no_secret_means_no_work() -> None:
    page = "<p>all is well; the rest is prose</p>\n" * 30_000
    started = time.perf_counter()

    assert Redactor({}).text(page) == page

    assert time.perf_counter() - started < 0.2


def test_the_longer_secret_wins_where_one_contains_the_other() -> None:
    redactor = Redactor({"SHORT": "hunter22", "LONG": "hunter22hunter22"})

    assert redactor.text("a hunter22hunter22 b hunter22") == "a $LONG b $SHORT"


def test_data_is_redacted_at_every_depth() -> None:
    redactor = Redactor({NAME: CANARY, "PIN": "12345678"}, headers=["X-Own"])
    data: dict[str, Any] = {
        "url": f"https://x/?t={quote(CANARY)}",
        CANARY: [1, 2.5, True, None, 12345678, -12345678],
        "headers": {"Set-Cookie": ["sid=abc; Path=/; HttpOnly"], "X-Own": "abc", "age": "0"},
        "pairs": [["Authorization", "Bearer abc"], ("x-own", "abc"), ("server", "nginx")],
    }

    assert redactor.data(data) == {
        "url": f"https://x/?t=${NAME}",
        f"${NAME}": [1, 2.5, True, None, "$PIN", "-$PIN"],
        "headers": {
            "Set-Cookie": [f"sid={REDACTED}; Path=/; HttpOnly"],
            "X-Own": REDACTED,
            "age": "0",
        },
        "pairs": [
            ["Authorization", f"Bearer {REDACTED}"],
            ("x-own", REDACTED),
            ("server", "nginx"),
        ],
    }
    assert CANARY in data


def test_data_that_is_not_plain_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot redact a object"):
        Redactor({}).data({"thing": object()})


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Bearer abc.def", f"Bearer {REDACTED}"),
        ("authorization", "abc.def", REDACTED),
        ("Authorization", f"Bearer {CANARY}", f"Bearer ${NAME}"),
        ("X-Metrics-Token", "abc", REDACTED),
        ("Cookie", "a=b; vendhub_access_token=c", f"a={REDACTED}; vendhub_access_token={REDACTED}"),
        (
            "Set-Cookie",
            "a=b; Max-Age=900; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Secure",
            f"a={REDACTED}; Max-Age=900; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Secure",
        ),
        ("Set-Cookie", "a=b; Path=/, c=d; HttpOnly", f"a={REDACTED}; {REDACTED}; HttpOnly"),
        ("Set-Cookie", "a=b; SameSite=Lax; Own=1", f"a={REDACTED}; SameSite=Lax; {REDACTED}"),
        ("Set-Cookie", "nothing", REDACTED),
        ("Server", f"nginx {CANARY}", f"nginx ${NAME}"),
    ],
)
def test_headers_keep_what_is_not_secret(name: str, value: str, shown: str) -> None:
    assert Redactor({NAME: CANARY}).header(name, value) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("> Authorization: Bearer abc", f"> Authorization: Bearer {REDACTED}"),
        ('{"authorization": "abc"}', f'{{"authorization": "{REDACTED}"}}'),
        ("[('Cookie', 'sid=abc; b=c')]", f"[('Cookie', 'sid={REDACTED}; b={REDACTED}')]"),
        (
            "< set-cookie: sid=abc; Secure\n< age: 0",
            f"< set-cookie: sid={REDACTED}; Secure\n< age: 0",
        ),
        (f"curl -H 'x-metrics-token: ${NAME}'", f"curl -H 'x-metrics-token: ${NAME}'"),
        ("x-metrics-token: $OTHER", f"x-metrics-token: {REDACTED}"),
        ("<td>Cookie: sid=abc</td>", f"<td>Cookie: sid={REDACTED}</td>"),
        (
            "{&quot;Authorization&quot;: &quot;Bearer abc&quot;}",
            f"{{&quot;Authorization&quot;: &quot;Bearer {REDACTED}&quot;}}",
        ),
        ("[(b'authorization', b'Bearer abc')]", f"[(b'authorization', b'Bearer {REDACTED}')]"),
        ("without authorization, as a stranger", "without authorization, as a stranger"),
        ("about a cookie: it is sweet", "about a cookie: it is sweet"),
        ("t=eyJhbGciOi.eyJzdWIiOi.c2ln&u=1", f"t={REDACTED}&u=1"),
        ("t=eyJhbGciOi.eyJzdWIiOi.", f"t={REDACTED}"),
        ("eyJhbGciOi alone", "eyJhbGciOi alone"),
    ],
)
def test_what_looks_like_a_credential_is_hidden(text: str, shown: str) -> None:
    assert Redactor({NAME: CANARY}).text(text) == shown


def test_a_file_is_scanned_in_any_encoding() -> None:
    redactor = Redactor({NAME: CANARY, "OTHER": "пароль-длинный"})

    assert redactor.scan(b"PK\x03\x04 nothing") == []
    assert redactor.scan(CANARY.encode("utf-16-le")) == [NAME]
    assert redactor.scan("пароль-длинный".encode()) == ["OTHER"]
    assert redactor.scan(b"\xff\xfe" + BASE64["base64"](f"a{CANARY}").encode()) == [NAME]


def test_telling_names_of_headers_are_sensitive() -> None:
    assert all(map(is_sensitive_header, ["Cookie", "X-Api-Key", "x-session-id", "X-Auth"]))
    assert not any(map(is_sensitive_header, ["Accept-Language", "X-Run", "User-Agent"]))
