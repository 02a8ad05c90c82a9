"""The shapes of answers: the success envelope, the error body, how they are sent (facts 1.3)."""

import html
import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Scope, Send

from standin.api.clock import Clock
from standin.faults import Faults

Headers = list[tuple[bytes, bytes]]

JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"

_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    408: "BAD_REQUEST",
    409: "CONFLICT",
    413: "BAD_REQUEST",
    429: "TOO_MANY_REQUESTS",
}
_SERVER_ERROR = 500


class ApiError(Exception):
    """An answer other than success; `code` defaults to the one that belongs to the status."""

    def __init__(
        self, status: int, message: str, code: str = "", errors: list[str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or _CODES.get(status, "INTERNAL_ERROR")
        self.errors = errors


@dataclass(frozen=True)
class Answer:
    """A body that goes out as it is, without the envelope."""

    body: bytes
    content_type: str
    status: int = 200
    headers: Headers = field(default_factory=list)


def as_json(document: Any) -> bytes:
    """Write a document as compact UTF-8 JSON."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def success(data: Any, clock: Clock, faults: Faults) -> bytes:
    """Wrap a handler's result; one that already has the key `success` only gets a timestamp."""
    if faults.on("envelope-lost"):
        return as_json(data)
    if isinstance(data, dict) and "success" in data:
        return as_json({**data, "timestamp": clock.iso()})
    return as_json({"success": True, "data": data, "timestamp": clock.iso()})


def failure(error: ApiError, scope: Scope, clock: Clock, faults: Faults) -> Answer:
    """Write the error body; 5xx never say what happened, only `requestId` comes from the caller."""
    message = error.message if error.status < _SERVER_ERROR else "Internal server error"
    if faults.on("error-shape-lost"):
        page = f"<!DOCTYPE html>\n<html lang=en>\n<body>\n<pre>{html.escape(message)}</pre>\n"
        return Answer(f"{page}</body>\n</html>\n".encode(), HTML_TYPE, error.status)
    body: dict[str, Any] = {
        "success": False,
        "statusCode": error.status,
        "errorCode": error.code,
        "message": message,
        "path": url_of(scope),
        "timestamp": clock.iso(),
    }
    if error.errors:
        body["errors"] = error.errors
    if request_id := header(scope, b"x-request-id"):
        body["requestId"] = request_id
    return Answer(as_json(body), JSON_TYPE, error.status)


def not_found(scope: Scope) -> ApiError:
    """Say that no route answers this method and path."""
    return ApiError(404, f"Cannot {scope['method']} {url_of(scope)}")


def refused_by_schema(error: sqlite3.IntegrityError) -> ApiError:
    """Turn a violated constraint into the 400 that VendHub makes of it (facts 1.3)."""
    kind, _, subject = str(error).partition(" constraint failed: ")
    column = subject.rsplit(".", 1)[-1]
    if kind == "UNIQUE":
        message, code = f"A record with this {column} already exists", "DB_UNIQUE_VIOLATION"
    elif kind == "NOT NULL":
        message, code = f"Field {column} is required", "DB_NOT_NULL_VIOLATION"
    elif kind.startswith("FOREIGN KEY"):
        message, code = "Referenced record does not exist", "DB_FOREIGN_KEY_VIOLATION"
    else:
        message, code = "Invalid data", "DB_INVALID_DATA"
    return ApiError(400, message, code)


async def send_answer(send: Send, answer: Answer, extra: Headers) -> None:
    """Send a whole answer in one piece."""
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [
                (b"content-type", answer.content_type.encode()),
                (b"content-length", str(len(answer.body)).encode()),
                *extra,
                *answer.headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": answer.body})


def header(scope: Scope, name: bytes) -> str:
    """Return a request header (its name in lower case), or an empty string."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return ""


def url_of(scope: Scope) -> str:
    """Return path and query as the client sent them."""
    raw = scope.get("raw_path") or scope["path"].encode()
    query = scope["query_string"]
    return str(raw + b"?" + query if query else raw, "latin-1")
