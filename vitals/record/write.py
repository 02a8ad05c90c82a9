"""Writing artefacts: whole or not at all, and never with a secret in them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from vitals.record.run import RunRecord
    from vitals.redact import Redactor

RECORD = "run.json"
_EMPTY: tuple[Any, ...] = ([], {}, "")


def write_record(record: RunRecord, folder: Path, redactor: Redactor) -> Path:
    """Write `run.json`, replacing an earlier one in one step.

    Raises:
        OSError: the folder cannot be written to.
    """
    document = asdict(record)
    for probe in document["probes"]:
        probe["samples"] = [_without_defaults(sample) for sample in probe["samples"]]
    document = redactor.data(document)
    return write_bytes(folder / RECORD, json.dumps(document, ensure_ascii=False).encode())


def _without_defaults(sample: dict[str, Any]) -> dict[str, Any]:
    """A sample without what says nothing: there may be tens of thousands of them."""
    return {
        key: value
        for key, value in sample.items()
        if value is not None and value is not False and value not in _EMPTY
    }


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a file so that a reader sees the old one or the whole new one.

    Raises:
        OSError: the folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path
