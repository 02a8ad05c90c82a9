"""Start the stand-in: `python -m standin [--profile ...] [--fault NAME[=VALUE] ...]`."""

import argparse
import asyncio
import logging
import os
import signal
import ssl
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from standin.faults import CATALOGUE, FaultError, Faults

_USAGE_ERROR = 2


def main() -> int:
    """Run the command line; returns the exit status (0 stopped, 1 cannot run, 2 usage)."""
    parent = os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    arguments = _parser().parse_args()
    if arguments.list_faults:
        _print_catalogue()
        return 0
    try:
        faults = Faults(arguments.fault)
    except FaultError as error:
        sys.stderr.write(f"standin: {error}\n")
        return _USAGE_ERROR
    at_start = [name for name in faults.active if CATALOGUE[name].is_only_at_start]
    if at_start and not arguments.tls:
        sys.stderr.write(f"standin: fault {at_start[0]} needs --tls\n")
        return _USAGE_ERROR
    logging.basicConfig(level=arguments.log_level.upper(), stream=sys.stderr)

    from standin.process import Options, serve  # noqa: PLC0415 - a usage error pays for no server

    options = Options(
        profile=arguments.profile,
        faults=faults,
        limits=not arguments.no_limits,
        tls=arguments.tls,
        version=arguments.version,
        parent=parent,
    )
    with tempfile.TemporaryDirectory(prefix="vendhub-standin-") as folder:
        try:
            asyncio.run(serve(options, Path(folder)))
        except ssl.SSLError as error:
            sys.stderr.write(f"standin: {error}\n")
            return 1
    return 0


def _leave(*_: object) -> NoReturn:
    sys.exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m standin",
        description="A VendHub on this machine; prints one line of JSON when it is ready.",
    )
    add = parser.add_argument
    add("--profile", choices=("complete", "vendhub-os"), default="complete")
    add("--fault", action="append", default=[], metavar="NAME[=VALUE]", help="may be repeated")
    add("--list-faults", action="store_true", help="print the catalogue and exit")
    add("--no-limits", action="store_true", help="switch the rate limits off")
    add("--tls", action="store_true", help="serve API and web over https")
    add("--version", default="2.4.0", help="the release that runs (default: %(default)s)")
    add(
        "--log-level",
        choices=("debug", "info", "warning", "error", "critical"),
        default="warning",
        help="of the log on standard error (default: %(default)s)",
    )
    return parser


def _print_catalogue() -> None:
    names = max(len(name) for name in CATALOGUE)
    groups = max(len(fault.group) for fault in CATALOGUE.values())
    rows = [
        f"{fault.name:<{names}}  {fault.group:<{groups}}  {fault.sentence}\n"
        for fault in CATALOGUE.values()
    ]
    sys.stdout.write("".join(rows))


if __name__ == "__main__":
    sys.exit(main())
