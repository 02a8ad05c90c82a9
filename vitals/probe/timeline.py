"""What happened in one request, and when: its phases, and in words where it got stuck."""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from vitals.probe.sample import Phases

if TYPE_CHECKING:
    from collections.abc import Mapping

CURRENT: ContextVar[Timeline | None] = ContextVar("CURRENT", default=None)
"""The request that the running task is about; the look-up of host names notes its time here."""


def seconds(duration: float) -> str:
    """A duration as people say it: 0.8 ms, 12 ms, 1.5 s."""
    if duration < 0.01:  # noqa: PLR2004 - below ten milliseconds a decimal place says something
        return f"{duration * 1000:.1f} ms"
    return f"{duration * 1000:.0f} ms" if duration < 1 else f"{duration:.1f} s"


class Timeline:
    """The steps of one request, noted by the HTTP client's trace events.

    Times are `time.monotonic()`. Taken inside the client, because around its call the event
    loop's own waiting would be counted too.
    """

    __slots__ = (
        "_connection",
        "is_first_look_up",
        "looked_up",
        "looking_up",
        "marks",
        "received",
        "sent",
        "step",
    )

    def __init__(self) -> None:
        self.sent = time.monotonic()
        self.step = ""
        self.marks: dict[str, float] = {}
        self.received = 0
        self.looking_up: float | None = None
        self.looked_up: float | None = None
        self.is_first_look_up = False
        self._connection: Any = None

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Note a step; events are named `http11.receive_response_body.complete` and the like."""
        step = event.partition(".")[2]
        if step.startswith("response_closed") or step.endswith(".failed"):
            return  # the end of a request that was given up says nothing about what it waited for
        self.step = step
        self.marks[step] = time.monotonic()
        if step == "connect_tcp.complete":
            self._connection = info["return_value"]
        elif step == "start_tls.complete":
            self._connection = None

    async def close_unfinished(self) -> None:
        """Close a connection that was given up during its TLS handshake.

        The client loses sight of it when the handshake is cancelled, and its socket would stay
        open until it is collected as garbage.
        """
        if self._connection is not None and "start_tls.started" in self.marks:
            await self._connection.aclose()

    @property
    def is_reused(self) -> bool:
        """Whether the request went out on a connection that another request had opened."""
        return "connect_tcp.started" not in self.marks

    def duration(self) -> float:
        """Seconds from sending to the last byte, or until now when there was no last byte."""
        return self.marks.get("receive_response_body.complete", time.monotonic()) - self.sent

    def phases(self) -> Phases:
        """How long each part took that came to its end."""
        return Phases(
            dns=self._dns if self.is_first_look_up else None,
            connect=self._connect,
            tls=self._between("start_tls.started", "start_tls.complete"),
            first_byte=self._between(
                "send_request_body.complete", "receive_response_headers.complete"
            ),
            body=self._between(
                "receive_response_headers.complete", "receive_response_body.complete"
            ),
        )

    def so_far(self) -> str:
        """What had come when the request was given up, and what it was waiting for."""
        now = time.monotonic()
        if self.looking_up is not None and self.looked_up is None:
            return f"its host name was still being looked up after {seconds(now - self.looking_up)}"
        head = self.marks.get("receive_response_headers.complete")
        if head is not None and self.step.startswith("receive_response"):
            answered = f"answered after {seconds(head - self.sent)}"
            return f"{answered}, then {self._bytes} of the body in {seconds(now - head)}"
        if not self.marks:
            waited = seconds(now - self.sent)
            return f"waited {waited} for the connection that another request was opening"
        waited = seconds(now - self.marks[self.step])
        if self.step == "connect_tcp.started":
            return f"no connection for {waited}"
        before = "on an open connection" if self.is_reused else f"connected in {self._connected}"
        if self.step == "start_tls.started":
            return f"{before}, then no TLS handshake for {waited}"
        if self.step.startswith("send_request"):
            return f"{before}, then the request was not taken for {waited}"
        return f"{before}, then no answer for {waited}"

    @property
    def _bytes(self) -> str:
        return "no byte" if not self.received else f"{self.received} bytes"

    @property
    def _connected(self) -> str:
        return "no time" if self._connect is None else seconds(self._connect)

    @property
    def _dns(self) -> float | None:
        if self.looking_up is None or self.looked_up is None:
            return None
        return self.looked_up - self.looking_up

    @property
    def _connect(self) -> float | None:
        whole = self._between("connect_tcp.started", "connect_tcp.complete")
        if whole is None or self.looked_up is None or self.looking_up is None:
            return whole
        inside = self.looked_up - max(self.looking_up, self.marks["connect_tcp.started"])
        return whole - max(inside, 0.0)

    def _between(self, start: str, end: str) -> float | None:
        if start not in self.marks or end not in self.marks:
            return None
        return self.marks[end] - self.marks[start]
