"""Where a test item says which check or step it is an instance of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from vitals.verdict.check import Check  # noqa: F401 - in a type that pytest's stash keeps as text

CHECK = pytest.StashKey["tuple[Check, str]"]()
"""The declaration, and the target of the instance."""
