"""Connections to the stand-in below HTTP: what arrives on them, byte by byte."""

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


def connect(origin: str) -> socket.socket:
    address = urlsplit(origin)
    return socket.create_connection((address.hostname, address.port), timeout=5.0)


def refuses(origin: str) -> bool:
    try:
        connect(origin).close()
    except ConnectionRefusedError:
        return True
    return False


def tls_connect(origin: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    plain = connect(origin)
    try:
        return context.wrap_socket(plain, server_hostname=urlsplit(origin).hostname)
    except OSError:
        plain.close()
        raise


def request_for(origin: str, path: str, headers: str = "Connection: close\r\n") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {urlsplit(origin).netloc}\r\n{headers}\r\n".encode()


@contextmanager
def asked(origin: str, path: str) -> Iterator[socket.socket]:
    with connect(origin) as connection:
        connection.sendall(request_for(origin, path))
        yield connection


def receive(connection: socket.socket, within_s: float = 5.0) -> bytes:
    connection.settimeout(within_s)
    return connection.recv(1 << 16)


def receive_more(connection: socket.socket) -> bytes:
    chunk = receive(connection)
    assert chunk, "the connection ended"
    return chunk


def read_into(received: bytearray, origin: str, path: str) -> None:
    with asked(origin, path) as connection:
        while chunk := receive(connection):
            received += chunk


def everything(origin: str, path: str) -> bytes:
    received = bytearray()
    read_into(received, origin, path)
    return bytes(received)


def announced_length(head: bytes) -> int:
    found = re.search(rb"(?i)content-length: (\d+)", head)
    assert found is not None
    return int(found[1])
