"""Health checks, smoke tests and synthetic monitoring for a VendHub deployment.

What a check needs is here; everything else is an inner matter of the package.
"""

from vitals.environment import Environment
from vitals.probe.sample import (
    DnsSample,
    Kind,
    PageSample,
    Sample,
    SocketSample,
    TlsSample,
    WatchSample,
)
from vitals.probe.series import GateSample
from vitals.probe.spec import EACH, Dns, Gate, Get, Head, Page, Preflight, Socket, Tls, Watch
from vitals.telegram import init_data
from vitals.verdict.builds import CONSTANT_VERSION, Release, instances, read_instance, web_build
from vitals.verdict.check import GATES, check, step
from vitals.verdict.expect import expect, worst_first
from vitals.verdict.finding import Finding, inconclusive, require
from vitals.verdict.gate_line import judged

__version__ = "0.1.0"

__all__ = [
    "CONSTANT_VERSION",
    "EACH",
    "GATES",
    "Dns",
    "DnsSample",
    "Environment",
    "Finding",
    "Gate",
    "GateSample",
    "Get",
    "Head",
    "Kind",
    "Page",
    "PageSample",
    "Preflight",
    "Release",
    "Sample",
    "Socket",
    "SocketSample",
    "Tls",
    "TlsSample",
    "Watch",
    "WatchSample",
    "check",
    "expect",
    "inconclusive",
    "init_data",
    "instances",
    "judged",
    "read_instance",
    "require",
    "step",
    "web_build",
    "worst_first",
]
