"""Takes secrets out of texts, plain data, headers and files.

Known secrets are found in whatever spelling writers give them (see `spellings`); beside them,
what looks like a credential is hidden by its shape.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from vitals.redact.spellings import candidates, spellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REDACTED = "[redacted]"

SENSITIVE_HEADERS = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "x-api-key",
        "x-metrics-token",
        "x-telegram-bot-api-secret-token",
    }
)

_TELLING = re.compile(r"auth|cookie|credential|passw|secret|session|signature|token|api-?key")

_JWT = re.compile(
    r"eyJ[A-Za-z0-9_-]{4,}+(?:\.[A-Za-z0-9_-]++){2,4}|eyJ[A-Za-z0-9_-]{4,}+\.[A-Za-z0-9_-]++\."
)
_QUOTE = r"(?:\\?[\"']|&quot;|&#34;|&#39;|&#x27;)"
_SCHEME = r"(?:(?:Basic|Bearer|Digest|Negotiate|Token)\s+)?"
_ATTRIBUTE = re.compile(
    r"(?i)\s*(?:path=[^,;\s]*|domain=[a-z0-9.-]*|max-age=-?[0-9]+|samesite=[a-z]+|secure|httponly"
    r"|partitioned|priority=[a-z]+|expires=[a-z]{3,9},? [0-9a-z: -]{8,30})\s*"
)


def is_sensitive_header(name: str) -> bool:
    """Whether the value of a header is likely to be a credential."""
    lower = name.lower()
    return lower in SENSITIVE_HEADERS or bool(_TELLING.search(lower))


class Redactor:
    """Replaces secrets by `$NAME`, and what looks like a credential by `[redacted]`.

    Args:
        secrets: values by the names of their variables.
        headers: further names of headers whose values are never shown.
    """

    def __init__(self, secrets: Mapping[str, str], headers: Iterable[str] = ()) -> None:
        longest_first = sorted(secrets.items(), key=lambda item: -len(item[1]))
        self._secrets = {name: value for name, value in longest_first if value}
        self._spellings = [one for item in self._secrets.items() for one in spellings(*item)]
        self._shortest = min((len(one.form) for one in self._spellings), default=sys.maxsize)
        self._headers = SENSITIVE_HEADERS.union(name.lower() for name in headers)
        names = "|".join(re.escape(f"${name}") for name in self._secrets)
        self._own = re.compile(rf"(?:{names})(?![A-Za-z0-9_])" if names else r"(?!)")
        self._in_text = self._header_pattern()

    def text(self, text: str) -> str:
        """The text without secrets."""
        if len(text) >= self._shortest:
            for spelling in candidates(self._spellings, text):
                text = spelling.pattern.sub(spelling.replacement, text)
        if "eyJ" in text:
            text = _JWT.sub(REDACTED, text)
        lower = text.lower()
        if any(name in lower for name in self._headers):
            text = self._in_text.sub(self._hide_header, text)
        return text

    def data(self, value: Any) -> Any:
        """A copy of plain data (dict, list, tuple, str, numbers) without secrets, keys included.

        Values of sensitive headers are hidden where a header's name is their key, or stands before
        them in a pair.

        Raises:
            TypeError: something that is not plain data, which might show a secret when written.
        """
        match value:
            case str():
                return self.text(value)
            case None | bool():
                return value
            case int() | float():
                plain = str(value)
                said = self.text(plain)
                return value if said == plain else said
            case dict():
                return {self.text(str(key)): self._under(key, one) for key, one in value.items()}
            case [str() as name, str() as content] if name.lower() in self._headers:
                return type(value)((name, self.header(name, content)))
            case list() | tuple():
                return type(value)([self.data(one) for one in value])
            case _:
                raise TypeError(f"cannot redact a {type(value).__name__}: hand over plain data")

    def header(self, name: str, value: str) -> str:
        """The value of a header as it may be shown.

        Cookies keep their names and attributes, authorizations their scheme.
        """
        value = self.text(value)
        lower = name.lower()
        if lower not in self._headers:
            return value
        if lower == "set-cookie":
            return self._set_cookie(value)
        if lower == "cookie":
            return "; ".join(self._pair(part.strip()) for part in value.split(";"))
        return self._credential(value)

    def scan(self, content: bytes) -> list[str]:
        """The names of the secrets that occur in a file's bytes, in any spelling."""
        readings = {content.decode("utf-8", "replace"), content.decode("latin-1")}
        if b"\0" in content:
            readings.add(content.replace(b"\0", b"").decode("latin-1"))
        found = {
            spelling.name
            for reading in readings
            for spelling in candidates(self._spellings, reading)
            if spelling.pattern.search(reading)
        }
        return [name for name in self._secrets if name in found]

    def _header_pattern(self) -> re.Pattern[str]:
        names = "|".join(re.escape(name) for name in sorted(self._headers, key=len, reverse=True))
        return re.compile(
            rf"(?i)(?<![A-Za-z0-9-])(?P<name>{names})"
            rf"(?P<sep>{_QUOTE}?\s*[:=]\s*{_QUOTE}?|{_QUOTE}\s*,\s*b?{_QUOTE})"
            rf"(?P<value>(?:(?!{_QUOTE}|<[/a-z])[^\r\n\\])+)"
        )

    def _hide_header(self, found: re.Match[str]) -> str:
        name, separator, value = found["name"], found["sep"], found["value"]
        lower = name.lower()
        if lower in {"cookie", "set-cookie"}:
            looks_like_one = "=" in value
            hidden = self.header(name, value) if looks_like_one else value
        else:
            hidden = self._credential(value)
        return f"{name}{separator}{hidden}"

    def _under(self, key: object, value: Any) -> Any:
        if isinstance(key, str) and key.lower() in self._headers:
            if isinstance(value, str):
                return self.header(key, value)
            if isinstance(value, list | tuple):
                return [
                    self.header(key, one) if isinstance(one, str) else self.data(one)
                    for one in value
                ]
        return self.data(value)

    def _credential(self, value: str) -> str:
        scheme = re.match(rf"(?i){_SCHEME}", value)
        kept = scheme.group() if scheme else ""
        rest = value[len(kept) :]
        return value if self._own.fullmatch(rest.strip()) else f"{kept}{REDACTED}"

    def _pair(self, part: str) -> str:
        name, equals, value = part.partition("=")
        if not equals:
            return REDACTED if part else ""
        return part if self._own.fullmatch(value) else f"{name}={REDACTED}"

    def _set_cookie(self, value: str) -> str:
        first, *rest = value.split(";")
        kept = [part.strip() if _ATTRIBUTE.fullmatch(part) else REDACTED for part in rest]
        return "; ".join([self._pair(first.strip()), *kept])
