"""Where the time of a probe went, in words for `-v`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vitals.probe.sample import Observation

_NAMES = {
    "dns": "DNS",
    "connect": "connect",
    "tls": "TLS",
    "first_byte": "first byte",
    "body": "body",
}


def slowest(observations: Iterable[Observation]) -> str:
    """The phases of the slowest request among observations; empty if none was timed."""
    parts = [part for observation in observations for part in observation.all()]
    flat = [part for part in parts if not part.inner()]
    if not flat:
        return ""
    sample = max(flat, key=lambda sample: sample.duration)
    phases = [
        f"{words} {milliseconds(seconds)}"
        for name, words in _NAMES.items()
        if (seconds := getattr(sample.phases, name)) is not None
    ]
    return f"{milliseconds(sample.duration)}" + (f" = {' + '.join(phases)}" if phases else "")


def milliseconds(seconds: float) -> str:
    """Seconds as milliseconds, with as many digits as are worth reading."""
    value = seconds * 1000
    return f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"  # noqa: PLR2004 - three digits
