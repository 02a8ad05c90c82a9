"""A shell command that repeats a probe, for whoever does not believe the line."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vitals.environment import Secret
from vitals.probe.sample import DnsSample, PageSample, Sample, SocketSample, TlsSample, WatchSample
from vitals.probe.series import GateSample
from vitals.probe.spec import Request

if TYPE_CHECKING:
    from vitals.environment import Environment
    from vitals.probe.sample import Observation

_HTTPS = 443


def command(observation: Observation, environment: Environment) -> str:
    """One line for a POSIX shell; secrets stand in it as `"$NAMES"` of environment variables."""
    match observation:
        case Sample():
            return _curl(observation, environment)
        case PageSample():
            return _curl(observation.page, environment)
        case WatchSample() if observation.answers:
            return _curl(observation.answers[0], environment)
        case GateSample() if observation.inner():
            slowest = max(observation.inner(), key=lambda sample: sample.duration)
            return command(slowest, environment)
        case TlsSample():
            place = shlex.quote(f"{observation.host}:{observation.port}")
            name = shlex.quote(observation.host)
            return f"openssl s_client -connect {place} -servername {name} </dev/null"
        case DnsSample():
            return f"getent ahosts {shlex.quote(observation.host)}"
        case SocketSample():
            parts = urlsplit(observation.url)
            polling = f"{parts.scheme}://{parts.netloc}/socket.io/?EIO=4&transport=polling"
            return f"curl -sS -i --max-time 10{_trust(environment)} {shlex.quote(polling)}"
        case _:
            return ""


def _curl(sample: Sample, environment: Environment) -> str:
    words = ["curl", "-sS", "-i", "--max-time", "10"]
    line = shlex.join(words) + _trust(environment)
    if sample.method != "GET":
        line += " --head" if sample.method == "HEAD" else f" -X {sample.method}"
    probe = sample.probe
    headers = probe.sent_headers(environment) if isinstance(probe, Request) else ()
    for name, value in headers:
        line += f" -H {shlex.quote(f'{name}: {value}')}"
    if isinstance(probe, Request) and not probe.bare:
        for name, secret in environment.headers.items():
            if isinstance(secret, Secret) and secret.is_set:
                line += f' -H "{name}: ${secret.env_name}"'
            elif isinstance(secret, str):
                line += f" -H {shlex.quote(f'{name}: {secret}')}"
    return f"{line} {shlex.quote(sample.url)}"


def _trust(environment: Environment) -> str:
    ca_file = environment.network.ca_file
    return f" --cacert {shlex.quote(ca_file)}" if ca_file else ""
