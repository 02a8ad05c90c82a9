"""A photo that nobody has taken before: noise in a PNG."""

import secrets
import struct
import zlib

_SIDE = 96
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)  # eight bits of red, green and blue


def unique_photo() -> bytes:
    """A PNG image (PNG specification, 3rd edition) of some 28 kB whose every pixel is drawn."""
    rows = b"".join(b"\0" + secrets.token_bytes(3 * _SIDE) for _ in range(_SIDE))
    chunks = ((b"IHDR", _HEADER), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)
