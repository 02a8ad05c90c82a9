"""URLs and host names: read once, in one spelling."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from vitals.environment.errors import RefusedError, display

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_SCHEMES = {"http": 80, "https": 443}
_LONGEST_NAME = 253
_IPV6 = 6

_LAST_PORT = 65_535
_IPV6 = 6


def read_url(value: object) -> str:
    """An http or https URL without trailing slash, user info, query and fragment; "" is OFF.

    Raises:
        RefusedError: anything else.
    """
    if value == "":
        return ""
    if not isinstance(value, str):
        raise _no_url(value)
    parts = _split(value)
    if parts is None:
        raise _no_url(value)
    scheme, host, port, path = parts
    shown = f"[{host}]" if ":" in host else host
    default = port is None or port == _SCHEMES[scheme]
    return f"{scheme}://{shown}{'' if default else f':{port}'}{path.rstrip('/')}"


def read_host(value: object) -> str:
    """A host name or address, in lower case.

    Raises:
        RefusedError: with a scheme, a port or a path, or no host at all.
    """
    host = host_name(value) if isinstance(value, str) else None
    if host is None:
        raise RefusedError(
            "a host name without scheme, port and path",
            "Write the host alone, such as cdn.vendhub.uz.",
            shown=_without_credentials(value),
        )
    return host


def read_resolver(value: object) -> str:
    """The IP address of a name server, its port behind a colon; "" uses the machine's own.

    Raises:
        RefusedError: not an address.
    """
    if value == "":
        return ""
    text = value if isinstance(value, str) else "?"
    host, colon, port = text.rpartition(":")
    is_port = port.isdecimal() and 0 < int(port) <= _LAST_PORT
    has_port = bool(colon) and is_port and ("." in host or host.endswith("]"))
    try:
        address = ipaddress.ip_address(host.strip("[]") if has_port else text)
    except ValueError:
        raise RefusedError("the IP address of a name server", example='"1.1.1.1"') from None
    if not has_port:
        return str(address)
    return f"[{address}]:{port}" if address.version == _IPV6 else f"{address}:{port}"


def host_name(text: str) -> str | None:
    """A host in its one spelling (lower case, ASCII, no brackets, no last dot), None if it is none.

    Raises:
        Nothing.
    """
    bare = text.strip().removeprefix("[").removesuffix("]").lower()
    if ":" in bare:
        try:
            address = ipaddress.ip_address(bare)
        except ValueError:
            return None
        return None if "%" in bare else str(address)
    bare = bare.removesuffix(".")
    if not bare.isascii():
        try:
            bare = bare.encode("idna").decode("ascii")
        except ValueError:
            return None
    named = all(_LABEL.fullmatch(label) for label in bare.split("."))
    return bare if named and len(bare) <= _LONGEST_NAME else None


def host_of(url: str) -> str:
    """The host of a URL that was read before, "" for a URL that is OFF."""
    return urlsplit(url).hostname or ""


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL that was read before, as a browser sends it in `Origin`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if url else ""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: 127.0.0.0/8, ::1, localhost and names below it."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    if address.version == _IPV6:
        return address == ipaddress.IPv6Address("::1")
    return address in ipaddress.IPv4Network("127.0.0.0/8")


def _split(value: str) -> tuple[str, str, int | None, str] | None:
    if _UNSAFE.search(value):
        return None
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return None
    if "@" in parts.netloc:
        raise RefusedError(
            "a URL without user name and password",
            "Remove them; what is secret does not stand in a URL.",
            shown=_without_credentials(value),
        )
    if parts.scheme in {"ws", "wss"}:
        web = "http" if parts.scheme == "ws" else "https"
        raise RefusedError(
            "an http or https URL",
            f"Write {web}:// for {parts.scheme}://, sockets are opened from there.",
            shown=_without_credentials(value),
        )
    if "?" in value or "#" in value:
        raise RefusedError(
            "a URL without query and fragment",
            "Write the address alone, up to the path.",
            shown=_without_credentials(value),
        )
    host = host_name(parts.hostname or "")
    if parts.scheme not in _SCHEMES or host is None or port == 0:
        return None
    return parts.scheme, host, port, parts.path


def _no_url(value: object) -> RefusedError:
    return RefusedError(
        "an http or https URL",
        "Write the scheme, the host and, if needed, a port: https://api.vendhub.uz.",
        shown=_without_credentials(value),
    )


def _without_credentials(value: object) -> str:
    if not isinstance(value, str):
        return display(value)
    head, at, tail = value.rpartition("@")
    scheme = re.match(r"[a-zA-Z]{1,8}://", head)
    shown = f"{scheme.group() if scheme else ''}***@{tail}" if at else value
    cut = re.split(r"[?#]", shown, maxsplit=1)
    return display(cut[0] + ("?…" if len(cut) > 1 else ""))
