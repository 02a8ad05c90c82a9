"""A trace of Playwright's without secrets: its archive written anew."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from vitals.redact import Redactor


def redacted_trace(draft: Path, path: Path, redactor: Redactor) -> None:
    """Write the parts of an archive to another one, secrets hidden in each.

    A part that is no text and holds a secret in any spelling is left out: it cannot be mended.

    Raises:
        OSError: a file cannot be read or written.
        zipfile.BadZipFile: the draft is no archive.
    """
    with (
        zipfile.ZipFile(draft) as before,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for part in before.infolist():
            content = before.read(part)
            try:
                clean = redactor.text(content.decode()).encode()
            except UnicodeDecodeError:
                clean = b"" if redactor.scan(content) else content
            after.writestr(part.filename, clean)
