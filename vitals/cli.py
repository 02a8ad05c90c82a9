"""The `vitals` command: what is not a test run."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_DIFFERS = 1
_USAGE = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the words behind `vitals`; those of the process if None.

    Returns:
        The exit code: 0 when all is well, 1 when what was asked does not hold, 4 when the
        question itself was wrong, 7 when this machine could not ask it.
    """
    parser = argparse.ArgumentParser(
        prog="vitals",
        description="What is not a test run. Runs are started with pytest: see the README.",
    )
    parser.exit_on_error = False
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    verify = commands.add_parser(
        "verify",
        help="reach the verdict of a run again from its record",
        description="Reach the verdict of a run again from its run.json; fail on a difference.",
    )
    verify.add_argument("record", type=Path, help="a run.json below reports/")
    verify.set_defaults(command=_verify)
    schema = commands.add_parser(
        "schema",
        help="print the JSON Schema of run.json",
        description="Print the JSON Schema of run.json, as docs/run.schema.json holds it.",
    )
    schema.set_defaults(command=_schema)
    _add_sweep(commands)
    _add_login(commands)
    try:
        asked = parser.parse_args(arguments)
    except argparse.ArgumentError as fault:
        print(f"vitals: {fault}", file=sys.stderr)
        return _USAGE
    except SystemExit as end:
        return _USAGE if end.code else 0
    return int(asked.command(asked))


def _add_sweep(commands: Any) -> None:
    sweep = commands.add_parser(
        "sweep",
        help="remove what killed smoke runs left on the target",
        description="Remove what smoke runs left whose process is dead: open tasks, files and"
        " sessions. Says what was removed, what VendHub cannot remove, and what is still open.",
    )
    _add_env(sweep)
    sweep.add_argument(
        "--set",
        action="append",
        default=[],
        dest="sets",
        metavar="KEY=VALUE",
        help="another value for a key of the environment file",
    )
    sweep.set_defaults(command=_by_way_of("sweep"))


def _add_login(commands: Any) -> None:
    login = commands.add_parser(
        "login",
        help="open a session that smoke runs go on with, or end it",
        description="Log a person in and keep the session on this machine for smoke runs: by the"
        " secrets of the environment, or by hand in a window where they are not set.",
    )
    _add_env(login)
    login.add_argument(
        "--as",
        required=True,
        choices=("manager", "operator", "owner"),
        dest="person",
        help="whom to log in, as [identities] calls them",
    )
    login.add_argument(
        "--forget", action="store_true", help="end the stored session and delete it instead"
    )
    login.set_defaults(command=_by_way_of("login"))


def _add_env(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--env",
        metavar="NAME",
        help="a name below environments/ or a path to a TOML file (default: VENDHUB_ENV)",
    )


def _by_way_of(name: str) -> Callable[[argparse.Namespace], int]:
    def run(asked: argparse.Namespace) -> int:
        from vitals import commands  # noqa: PLC0415 - each command its own

        try:
            return int(getattr(commands, name)(asked, print))
        except commands.CommandError as fault:
            print(f"vitals {name}: {fault}", file=sys.stderr)
            return fault.code

    return run


def _schema(asked: argparse.Namespace) -> int:
    from vitals.record.read import json_schema  # noqa: PLC0415 - each command its own

    del asked
    print(json.dumps(json_schema(), indent=2))
    return 0


def _verify(asked: argparse.Namespace) -> int:
    from vitals.record.read import RecordError, read_record  # noqa: PLC0415 - each command its own
    from vitals.record.verify import differences  # noqa: PLC0415 - the same

    try:
        record = read_record(asked.record)
    except RecordError as fault:
        print(f"vitals verify: {fault}", file=sys.stderr)
        return _USAGE
    found = differences(record)
    for sentence in found:
        print(f"✗ {sentence}")
    if found:
        print(f"{asked.record}: the verdict does not follow from the record")
        return _DIFFERS
    print(f"✓ {record.environment.label}: {record.verdict.sentence}")
    return 0
