"""`[headers]`: what is added to every request, secrets by the name of their variable."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vitals.environment.errors import RefusedError
from vitals.environment.secret import SPELLING, Secret, read_secret
from vitals.redact import is_sensitive_header

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OF_THE_CONNECTION = {"connection", "content-length", "host", "transfer-encoding"}


def read_headers(value: object, variables: Mapping[str, str]) -> dict[str, Secret | str]:
    """Header names in lower case, with their values.

    Raises:
        RefusedError: no header name, a name twice, a secret written out, an unusable value.
    """
    if not isinstance(value, dict):
        raise RefusedError(
            "a table of header names and values", "Write a [headers] table.", shown=""
        )
    headers: dict[str, Secret | str] = {}
    for written, content in value.items():
        name = written.lower()
        if not _NAME.fullmatch(written) or name in _OF_THE_CONNECTION:
            raise RefusedError(
                "the name of a header that may be added",
                "Remove it; the connection's own headers (Host, Content-Length, …) stay as"
                " they are.",
                key=(written,),
                shown="",
            )
        if name in headers:
            raise RefusedError(
                "each header once",
                "Keep one; upper and lower case are the same.",
                key=(written,),
                shown="",
            )
        headers[name] = _read_value(written, content, variables)
    return headers


def _read_value(name: str, content: object, variables: Mapping[str, str]) -> Secret | str:
    if isinstance(content, str) and not is_sensitive_header(name):
        if content.isascii() and content.isprintable() and content.strip():
            return content
        raise RefusedError(
            "one line of ASCII that is not empty",
            f"Correct the value, or write {SPELLING} where it is a secret.",
            key=(name,),
            shown="",
        )
    try:
        return read_secret(content, variables)
    except RefusedError as refusal:
        refusal.key = (name,)
        raise
