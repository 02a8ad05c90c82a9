"""The `vitals` command: what is not a test run."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_DIFFERS = 1
_USAGE = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the words behind `vitals`; those of the process if None.

    Returns:
        The exit code: 0 when all is well, 1 when what was asked does not hold, 4 when the
        question itself was wrong.
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
    try:
        asked = parser.parse_args(arguments)
    except argparse.ArgumentError as fault:
        print(f"vitals: {fault}", file=sys.stderr)
        return _USAGE
    except SystemExit as end:
        return _USAGE if end.code else 0
    return int(asked.command(asked))


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
