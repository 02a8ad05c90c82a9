"""Reading an answer's body without ever holding more of it than is wanted."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from vitals.probe.timeline import Timeline

_GZIP = 16 + zlib.MAX_WBITS
_ENCODINGS = {"": False, "identity": False, "gzip": True, "x-gzip": True}


class BodyTooLargeError(Exception):
    """The body goes on after the limit."""


class BodyGarbledError(Exception):
    """The body is not what its headers say, in words."""


@dataclass(frozen=True, slots=True)
class Bound:
    """How much of a body is read and how much of it is kept, in decoded bytes."""

    read: int
    keep: int


@dataclass(slots=True)
class Body:
    """What has come of a body: its kept beginning, and the size of all of it, decoded."""

    kept: bytearray = field(default_factory=bytearray)
    size: int = 0


async def read_body(
    chunks: AsyncIterator[bytes], encoding: str, bound: Bound, timeline: Timeline, body: Body
) -> None:
    """Read a body into `body`, which holds what came also when this raises.

    Args:
        chunks: the body as it comes from the connection.
        encoding: the answer's `content-encoding`; `gzip` alone was offered.
        bound: where to stop.
        timeline: is told how many bytes came.
        body: what is filled.

    Raises:
        BodyTooLargeError: more than `bound.read` bytes.
        BodyGarbledError: no gzip although it was announced, cut short, or another encoding.
    """
    encoding = encoding.strip().lower()
    decoder = zlib.decompressobj(_GZIP) if _ENCODINGS.get(encoding) else None
    async for chunk in chunks:
        timeline.received += len(chunk)
        if chunk and encoding not in _ENCODINGS:
            raise BodyGarbledError(f"its encoding {encoding[:40]!r} was not asked for")
        data = _decoded(decoder, chunk, bound.read + 1 - body.size) if decoder else chunk
        body.size += len(data)
        body.kept += data[: max(bound.keep - len(body.kept), 0)]
        if body.size > bound.read:
            raise BodyTooLargeError
    if decoder and timeline.received and not decoder.eof:
        raise BodyGarbledError("its gzip encoding ends early")


def _decoded(decoder: zlib._Decompress, chunk: bytes, at_most: int) -> bytes:
    try:
        return b"" if decoder.eof else decoder.decompress(chunk, at_most)
    except zlib.error as fault:
        raise BodyGarbledError("it is announced as gzip and is none") from fault
