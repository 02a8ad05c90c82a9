"""Reading a run record back, as strictly as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitals.record.run import SCHEMA, RunRecord

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 200_000_000


class RecordError(Exception):
    """A file is no run record; the message says where it stops being one."""


def read_record(path: Path) -> RunRecord:
    """Read `run.json`.

    Raises:
        RecordError: no such file, too large, not JSON, or not of this schema.
    """
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - costly, and reading is rare

    try:
        if path.stat().st_size > _LARGEST:
            raise RecordError(f"{path}: larger than {_LARGEST // 1_000_000} MB, no run record")
        content = path.read_bytes()
    except OSError as fault:
        raise RecordError(f"{path}: cannot be read ({fault.strerror})") from None
    try:
        record = TypeAdapter(RunRecord).validate_json(content, strict=True)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        raise RecordError(f"{path}: no run record: {place}: {first['msg']}") from None
    if record.schema != SCHEMA:
        raise RecordError(
            f"{path}: schema {record.schema}, this suite reads schema {SCHEMA}: use its own version"
        )
    return record


def json_schema() -> dict[str, object]:
    """The JSON Schema of `run.json`, as `docs/run.schema.json` holds it."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - costly, and only documentation needs it

    schema = TypeAdapter(RunRecord).json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
