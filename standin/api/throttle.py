"""The three throttlers short, medium and long, per route handler and caller (facts 1.6)."""

import math
import time
from collections import deque
from dataclasses import dataclass, field

from standin.api.envelope import ApiError, Headers

BLOCKED = "ThrottlerException: Too Many Requests"


@dataclass(frozen=True)
class _Window:
    name: str
    limit: int
    seconds: float


_WINDOWS = (_Window("short", 10, 1.0), _Window("medium", 50, 10.0), _Window("long", 100, 60.0))


@dataclass
class _Bucket:
    hits: deque[float] = field(default_factory=deque)
    window_ends: float = 0.0
    blocked_until: float = 0.0


class Throttles:
    """Counts calls in process memory; a call too many blocks its window for its whole length."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], tuple[_Bucket, ...]] = {}

    def admit(self, route: str, caller: str, headers: Headers) -> None:
        """Count one call and add its headers; raises ApiError 429 when a window is full."""
        now = time.monotonic()
        buckets = self._buckets.get((route, caller))
        if buckets is None:
            buckets = tuple(_Bucket() for _ in _WINDOWS)
            self._buckets[route, caller] = buckets
        for window, bucket in zip(_WINDOWS, buckets, strict=True):
            _count(window, bucket, now)
            if bucket.blocked_until:
                headers += blocked_headers(window.name, bucket.blocked_until - now)
                raise ApiError(429, BLOCKED)
            left = max(0, window.limit - len(bucket.hits))
            suffix = window.name.encode()
            headers += (
                (b"X-RateLimit-Limit-" + suffix, b"%d" % window.limit),
                (b"X-RateLimit-Remaining-" + suffix, b"%d" % left),
                (b"X-RateLimit-Reset-" + suffix, b"%d" % math.ceil(bucket.window_ends - now)),
            )


def blocked_headers(window: str, seconds: float) -> Headers:
    """Return the only header of a blocked answer: there is no plain Retry-After."""
    return [(b"Retry-After-" + window.encode(), b"%d" % max(1, math.ceil(seconds)))]


def _count(window: _Window, bucket: _Bucket, now: float) -> None:
    if bucket.blocked_until:
        if now < bucket.blocked_until:
            return
        bucket.blocked_until = 0.0
        bucket.hits.clear()
    while bucket.hits and bucket.hits[0] <= now - window.seconds:
        bucket.hits.popleft()
    if bucket.window_ends <= now:
        bucket.window_ends = now + window.seconds
    bucket.hits.append(now)
    if len(bucket.hits) > window.limit:
        bucket.blocked_until = now + window.seconds
