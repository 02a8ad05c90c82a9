"""What several files of tests look at: a stand-in of the file's own, its environment, its state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import standin_environment
from standin_process import running_standin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vitals.environment import Environment


@pytest.fixture(scope="module", name="ready")
def _ready() -> Iterator[dict[str, Any]]:
    with running_standin("--tls", "--no-limits") as ready:
        yield ready


@pytest.fixture(name="where")
def _where(tmp_path: Path, ready: dict[str, Any]) -> Environment:
    return standin_environment.load(tmp_path, ready)


@pytest.fixture(name="state")
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which journals and sessions are kept, for this test alone."""
    monkeypatch.setenv("VITALS_STATE", str(tmp_path / "state"))
    return tmp_path / "state"
