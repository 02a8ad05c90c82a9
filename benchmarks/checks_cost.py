"""What `pytest checks` costs beside an empty pytest run, and beside seven calls of curl.

Against stand-ins of its own without rate limits, by http and by https; an environment without
statistical gates. Ends with 1 when the median of the differences to an empty run of the same
round, or the median peak memory, is over its limit, or when a command fails.
"""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks._beside import REPOSITORY, beside
from benchmarks._cost import CommandError, Cost, cost_of, own_peak

ROUNDS = 7
WALL_LIMIT, CPU_LIMIT = 0.7, 0.7  # seconds more than a bare pytest run
RSS_LIMIT = 80_000_000  # bytes
DELAYS_MS = (20, 50)
PATHS = (
    "{api}/api/v1/health",
    "{api}/api/v1/health/live",
    "{api}/api/v1/health/ready",
    "{api}/api/v1/health/detailed",
    "{api}/api/v1/health/version",
    "{web}/auth",
    "{web}/api/v1/health",
)
BARE = "pytest, one empty test, no plugins"
PLAIN, TLS = "pytest checks", "pytest checks, https"
# The stand-in allows its web's own origin and cannot know that a proxy stands before it.
GAP_BEHIND_PROXY = """
[[known_gap]]
check = "CORS"
symptom = "access-control-allow-origin"
reason = "the web is asked through a proxy, the stand-in knows its own address only"
until = {until}
"""


@dataclass(frozen=True, slots=True)
class Command:
    """What is measured: a name for its line, and commands that are run one after the other."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    cwd: Path = REPOSITORY


def command_environment(folder: Path) -> dict[str, str]:
    """The variables of this process without those that would change what is measured.

    Byte code is kept in `folder`, so that all commands find theirs after a first run.
    """
    changing = ("PYTEST_", "VENDHUB_", "PYTHONDONTWRITEBYTECODE", "COV_", "COVERAGE_")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(changing) and not name.lower().endswith("_proxy")
    }
    return kept | {"PYTHONPYCACHEPREFIX": str(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def bare_pytest(folder: Path) -> Command:
    """An empty test in a folder of its own, with nothing loaded but pytest."""
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    return Command(BARE, ((sys.executable, "-m", "pytest", "-q"),), folder)


def checks(name: str, said: str, file: Path, urls: dict[str, str], more: str = "") -> Command:
    """`pytest checks` with an environment file that names these URLs and no gate."""
    lines = [f'name = "{name}"', 'description = "a stand-in of a benchmark"', more, "[urls]"]
    lines += [f'{target} = "{urls[target]}"' for target in ("api", "web", "socket")]
    file.write_text("\n".join(lines) + "\n")
    words = (sys.executable, "-m", "pytest", "checks", "--env", str(file), "-q")
    return Command(said, (words,))


def curl(said: str, urls: dict[str, str]) -> Command:
    """One call of curl for each URL, as a shell script of health checks has them."""
    calls = (("curl", "-sS", "-f", "-o", os.devnull, path.format_map(urls)) for path in PATHS)
    return Command(said, tuple(calls))


def behind_proxies(stack: contextlib.ExitStack, delay: int, urls: dict[str, str]) -> dict[str, str]:
    """The addresses of new proxies before API and web that make an exchange `delay` ms longer."""
    places = [urlsplit(urls[target]).netloc for target in ("api", "web")]
    api, web = stack.enter_context(beside("benchmarks._delay", str(delay), *places))
    proxied = {
        "api": f"http://{urlsplit(urls['api']).hostname}:{api}",
        "web": f"http://{urlsplit(urls['web']).hostname}:{web}",
    }
    return proxied | {"socket": proxied["api"]}


def all_commands(stack: contextlib.ExitStack, folder: Path, name: str) -> list[Command]:
    """Start what is asked, and say what asks it."""
    plain = stack.enter_context(beside("standin", "--no-limits"))
    tls = stack.enter_context(beside("standin", "--no-limits", "--tls"))
    until = datetime.now(UTC).date() + timedelta(days=2)
    ca_file = f'[network]\nca_file = "{tls["ca_file"]}"'
    commands = [
        bare_pytest(folder / "bare"),
        checks(name, PLAIN, folder / "plain.toml", plain),
        checks(name, TLS, folder / "tls.toml", tls, ca_file),
        curl("7 x curl", plain),
    ]
    for delay in DELAYS_MS:
        urls = behind_proxies(stack, delay, plain)
        file, gap = folder / f"delay{delay}.toml", GAP_BEHIND_PROXY.format(until=until)
        commands.append(checks(name, f"{PLAIN}, {delay} ms added", file, urls, gap))
        commands.append(curl(f"7 x curl, {delay} ms added", urls))
    return commands


def measure(commands: list[Command], folder: Path) -> dict[str, list[Cost]]:
    """Each command's cost, `ROUNDS` times, all of them in turn; a first round does not count."""
    environ, log = command_environment(folder / "bytecode"), folder / "output"
    costs: dict[str, list[Cost]] = {command.name: [] for command in commands}
    for _ in range(ROUNDS + 1):
        for command in commands:
            parts = [
                cost_of(words, cwd=command.cwd, environ=environ, log=log)
                for words in command.commands
            ]
            costs[command.name].append(sum(parts[1:], parts[0]))
    return {name: found[1:] for name, found in costs.items()}


def median(costs: list[Cost]) -> Cost:
    """The median of each part of the cost by itself."""
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        round(statistics.median(cost.rss for cost in costs)),
    )


def beyond_bare(costs: dict[str, list[Cost]], name: str) -> Cost:
    """Median of the differences to the bare run of the same round."""
    pairs = zip(costs[name], costs[BARE], strict=True)
    return median([cost - bare for cost, bare in pairs])


def print_table(costs: dict[str, list[Cost]]) -> None:
    """One line for each command, with its distance from the bare run."""
    width = max(map(len, costs))
    line = f"{{:<{width}}} | {{:>7}} {{:>13}} {{:>7}} {{:>7}} | {{:>7}} {{:>7}} {{:>6}}"
    print(line.format("", "", "of all rounds", "", "", "more", "than", "bare"))
    print(line.format("", "wall s", "min - max", "CPU s", "RSS MB", "wall s", "CPU s", "MB"))
    for name, found in costs.items():
        mid, more = median(found), beyond_bare(costs, name)
        walls = [cost.wall for cost in found]
        # A peak as low as this process's own is only known to be no higher.
        can_be_seen = mid.rss > own_peak()
        cells = (
            f"{mid.wall:.3f}",
            f"{min(walls):.3f} - {max(walls):.3f}",
            f"{mid.cpu:.3f}",
            f"{mid.rss / 1e6:.1f}" if can_be_seen else f"<= {mid.rss / 1e6:.0f}",
            *(f"{more.wall:+.3f}", f"{more.cpu:+.3f}"),
            f"{more.rss / 1e6:+.1f}" if can_be_seen else "",
        )
        print(line.format(name, *cells))


def is_kept(what: str, measured: float, limit: float, unit: str) -> bool:
    """Print one limit beside what was measured."""
    kept = measured <= limit
    print(
        f"{what}: {measured:.3g} {unit}, limit {limit:g} {unit}, ratio {measured / limit:.2f}:"
        f" {'kept' if kept else 'EXCEEDED'}"
    )
    return kept


def main() -> int:
    """Print the table; return the exit code."""
    name = f"checks-cost-{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, REPOSITORY / "reports" / name, ignore_errors=True)
        try:
            costs = measure(all_commands(stack, Path(folder), name), Path(folder))
        except (CommandError, OSError) as fault:
            print(fault)
            return 1
    print(
        f"median of {ROUNDS} rounds, commands in turn; {platform.system()}, {os.cpu_count()} CPUs,"
        f" Python {platform.python_version()}; delays: one exchange, and one more to connect"
    )
    print_table(costs)
    kept = []
    for command in (PLAIN, TLS):
        more, peak = beyond_bare(costs, command), median(costs[command]).rss
        kept += [
            is_kept(f"{command}: wall time beyond bare pytest", more.wall, WALL_LIMIT, "s"),
            is_kept(f"{command}: CPU time beyond bare pytest", more.cpu, CPU_LIMIT, "s"),
            is_kept(f"{command}: peak memory", peak / 1e6, RSS_LIMIT / 1e6, "MB"),
        ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
