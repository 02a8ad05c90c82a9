"""Environment files of a test, and where those of the repository are."""

from __future__ import annotations

from datetime import date
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "environments"
TODAY = date(2026, 11, 24)


def write(folder: Path, content: str, name: str = "try.toml") -> Path:
    """Write an environment file with this content; gives its path."""
    path = folder / name
    path.write_text(f'name = "try"\ndescription = "a try"\n{content}', encoding="utf-8")
    return path
