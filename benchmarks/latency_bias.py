"""What the sampler of the gates adds to a latency: measured time less the server's own.

A server in a process of its own delays its answers by known times and says how long it held each.
Elapsed time is counted from the planned moment, by the sampler and by a client of bare sockets
that keeps the same schedule. Ends with 1 when the sampler's bias is over its limits. Then the
highest rate and the processor time of a sample, beside wrk where there is one.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks._beside import beside
from benchmarks._sampled import held, rule, sampled

if TYPE_CHECKING:
    from collections.abc import Sequence

PER_SECOND = 30.0
SAMPLES = 300
ROUNDS = 3
DELAY = "12:0.3"  # median in ms and sigma: nearly none lasts until the next request
MEDIAN_LIMIT, P95_LIMIT = 0.0025, 0.005  # seconds
FULL_SPEED_SAMPLES = 3000
WRK_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Bias:
    """What a client adds, in seconds."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    @property
    def p95(self) -> float:
        """What 95% do not exceed."""
        return statistics.quantiles(self.values, n=20)[-1]

    def __str__(self) -> str:
        """Median, p95 and maximum in milliseconds."""
        figures = (self.median, self.p95, max(self.values))
        return " ".join(f"{figure * 1000:9.2f}" for figure in figures)


def sampler_bias(url: str, path: str) -> Bias:
    """Of the sampler; what it set aside is not measured."""
    series = sampled(url, [rule("bias", path, 5.0, SAMPLES, alpha=False)], per_second=PER_SECOND)[
        "bias"
    ]
    told = [(timed.elapsed, held(timed)) for timed in series.timed if timed.use == "evidence"]
    return Bias([elapsed - known for elapsed, known in told if known is not None])


def socket_bias(host: str, port: int, path: str) -> Bias:
    """Of a blocking socket that is asked again and again."""
    request = f"GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n".encode()
    found = []
    with socket.create_connection((host, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.monotonic()
        for number in range(SAMPLES):
            planned = began + number / PER_SECOND
            time.sleep(max(planned - time.monotonic(), 0.0))
            connection.sendall(request)
            answer = b""
            while not answer.endswith(b"\r\n\r\n{}"):
                answer += connection.recv(65536)
            elapsed = time.monotonic() - planned
            told = re.search(rb"held: ([\d.]+)", answer)
            found.append(elapsed - float(told[1] if told else "nan"))
    return Bias(found)


def full_speed(url: str) -> str:
    """Samples a second and processor time of each, with ten connections."""
    wall, cpu = time.monotonic(), time.process_time()
    rules = [rule("speed", "/0:0", 9.0, FULL_SPEED_SAMPLES, alpha=False)]
    series = sampled(url, rules, per_second=100_000.0)["speed"]
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    answered = sum(timed.sample is not None and timed.sample.answered for timed in series.timed)
    return f"{answered / wall:9.0f} a second, {cpu / answered * 1000:6.3f} ms of processor time"


def wrk(url: str) -> str:
    """The same by wrk, with one thread and ten connections."""
    program = shutil.which("wrk")
    if program is None:
        return "this machine has none"
    before = os.times()
    words = [program, "-t1", "-c10", f"-d{WRK_SECONDS}s", f"{url}/0:0"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    after = os.times()
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    count = re.search(r"(\d+) requests in", said)
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    asked = int(count[1]) if count else 0
    each = cpu / asked * 1000 if asked else float("nan")
    return f"{float(rate[1]) if rate else 0:9.0f} a second, {each:6.3f} ms of processor time"


def main() -> int:
    """Measure and print; return the exit code."""
    with beside("benchmarks._known_delay") as (host, port):
        url = f"http://{host}:{port}"
        print(f"bias in ms at {PER_SECOND:g} requests/s, {SAMPLES} a line, load {os.getloadavg()}")
        print(f"{'':24}{'median':>9} {'p95':>9} {'max':>9}")
        ours = []
        for number in range(ROUNDS):
            ours.append(sampler_bias(url, f"/{DELAY}/{number}"))
            print(f"{'sampler':24}{ours[-1]}", flush=True)
            print(f"{'bare socket':24}{socket_bias(host, port, f'/{DELAY}/{number}')}", flush=True)
        print(f"{'sampler, full speed':24}{full_speed(url)}")
        print(f"{'wrk, full speed':24}{wrk(url)}")
    median = statistics.median(bias.median for bias in ours)
    p95 = statistics.median(bias.p95 for bias in ours)
    is_reached = median <= MEDIAN_LIMIT and p95 <= P95_LIMIT
    print(
        f"{'reached' if is_reached else 'MISSED'}: median {median * 1000:.2f} ms of at most"
        f" {MEDIAN_LIMIT * 1000:g}, p95 {p95 * 1000:.2f} ms of at most {P95_LIMIT * 1000:g}"
    )
    return 0 if is_reached else 1


if __name__ == "__main__":
    sys.exit(main())
