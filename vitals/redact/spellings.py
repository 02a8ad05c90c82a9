"""How a secret looks after somebody has written it down: patterns that find every spelling.

As it is, percent-encoded, escaped for JSON, Python or HTML (also one inside another), in base64 at
any offset, each of them broken over lines.
"""

from __future__ import annotations

import base64
import html
import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LINE_END = r"(?:\r?\n|\\r\\n|\\n|%0[Dd]%0[Aa]|%0[Aa]|&#(?:10|x0?[aA]);|<br ?/?>)"

# Between any two characters a writer may have ended the line: with a backslash, `=` or `^` before
# the end, quotes closed and opened around it, pytest's "E" or a quoting mark before the rest.
_BREAK = rf"(?:[\"']*[\\=^]?{_LINE_END}(?:E(?=[ \t]))?[ \t>|]*[\"']*)?"

_AFTER_LINE_END = " \t>|\"'"
_ASSERTION = re.compile(r"\AE(?=[ \t])")
_BEFORE_LINE_END = "\"'\\=^"

# A letter or digit that is written as an escape. No usual writer does that, so these are rare.
_LETTER = r"(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])"
_ESCAPED_LETTER = re.compile(
    rf"%{_LETTER}|\\x{_LETTER}|\\u00{_LETTER}|\\U000000{_LETTER}"
    r"|&#(?:0*(?:4[89]|5[0-7]|6[5-9]|[78][0-9]|9[0789]|1[01][0-9]|12[0-2])|[xX]0*"
    rf"{_LETTER});"
)

_BASE64_GROUP = 3
_BASE64_BITS = 6
_SHORTEST_SEED = 3


@dataclass(frozen=True)
class Spelling:
    """One way in which a secret may stand in a text.

    Args:
        name: the secret's name.
        form: what stands there, before it is escaped or broken over lines.
        is_base64: `form` is base64, whose letters are never escaped.
    """

    name: str
    form: str
    is_base64: bool = False

    @cached_property
    def seed(self) -> str:
        """The longest run of letters and digits, which every usual writer leaves as it is.

        It is "" where a text cannot be ruled out by it.
        """
        if "\\" in self.form:
            return ""
        longest = max(re.findall(r"[A-Za-z0-9]+", self.form), key=len, default="")
        return longest if len(longest) >= _SHORTEST_SEED else ""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds the form, with each character in any spelling, and broken anywhere."""
        one = _in_base64 if self.is_base64 else _spelled
        return re.compile(_BREAK.join(one(character) for character in self.form))

    def replacement(self, found: re.Match[str]) -> str:
        """What is shown instead."""
        del found
        return f"${self.name}"


def spellings(name: str, secret: str) -> list[Spelling]:
    """Everything to look for so that a secret is found."""
    found = [Spelling(name, secret)]
    for written in _written(secret):
        found += [Spelling(name, core, is_base64=True) for core in _base64_cores(written)]
    return list(dict.fromkeys(found))


def candidates(known: Iterable[Spelling], text: str) -> Iterator[Spelling]:
    """Those spellings that may occur in a text: none that occurs is left out.

    Rules out nearly all of them by a plain search, because their patterns are slow to build and to
    run.
    """
    known = tuple(known)
    if not known:
        return
    readings = [text]
    lines = re.split(_LINE_END, text)
    if len(lines) > 1:
        readings += [_joined(lines), _joined([_ASSERTION.sub("", line) for line in lines])]
    is_escaped = any(mark in text for mark in "%\\&") and bool(_ESCAPED_LETTER.search(text))
    for one in known:
        possible = is_escaped and not one.is_base64
        if possible or not one.seed or any(one.seed in reading for reading in readings):
            yield one


def _joined(lines: list[str]) -> str:
    return "".join(line.rstrip(_BEFORE_LINE_END).lstrip(_AFTER_LINE_END) for line in lines)


def _in_base64(character: str) -> str:
    if character.isalnum():
        return character
    escaped = f"%{ord(character):02X}"
    return f"(?:{re.escape(character)}|(?i:{escaped}))"


def _spelled(character: str) -> str:
    """A pattern of every way in which one character is written."""
    point = ord(character)
    once = {character, *_escaped(character)}
    known = once.union(*(_escaped(written) for written in once))
    known.update(f"\\x{point:02{c}}" for c in "xX" if point < 0x100)  # noqa: PLR2004 - a byte
    units = character.encode("utf-16-be", "surrogatepass")
    pairs = [int.from_bytes(units[i : i + 2]) for i in range(0, len(units), 2)]
    known.update("".join(f"\\u{unit:04{c}}" for unit in pairs) for c in "xX")
    known.update(f"\\U{point:08{c}}" for c in "xX")
    encoded = character.encode("utf-8", "surrogatepass")
    known.update("".join(f"%{byte:02{c}}" for byte in encoded) for c in "xX")
    known.discard("")
    literal = sorted(map(re.escape, known), key=lambda spelling: (-len(spelling), spelling))
    return f"(?:{'|'.join([rf'&#(?:0*{point}|[xX]0*(?i:{point:x}));', *literal])})"


def _escaped(text: str) -> set[str]:
    """A text as the usual writers write it."""
    found = {
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        json.dumps(text)[1:-1].replace("/", "\\/"),
        repr(text)[1:-1],
        repr(text + "\"'")[1:-4] if '"' in text or "'" in text else text,
        text.replace("'", "\\'"),
        html.escape(text),
        html.escape(text, quote=False),
        text.replace("'", "&#39;").replace('"', "&#34;"),
        text.replace("'", "&apos;"),
    }
    try:
        percent = {quote(text), quote(text, safe=""), quote_plus(text)}
    except UnicodeEncodeError:
        percent = set()
    return found | percent | {re.sub("%..", lambda m: m.group().lower(), one) for one in percent}


def _written(secret: str) -> Iterator[str]:
    """The spellings of a whole secret that somebody may put into base64."""
    forms = {secret, json.dumps(secret)[1:-1], quote(secret, safe="", errors="replace")}
    yield from sorted({*forms, html.escape(secret)})


def _base64_cores(text: str) -> Iterator[str]:
    """The characters of base64 that depend on the text alone, for each of the three offsets."""
    content = text.encode("utf-8", "surrogatepass")
    for offset in range(_BASE64_GROUP):
        first = -(-8 * offset // _BASE64_BITS)
        end = (8 * (offset + len(content))) // _BASE64_BITS
        core = base64.b64encode(bytes(offset) + content)[first:end].decode("ascii")
        yield core
        yield core.replace("+", "-").replace("/", "_")
