"""Importing a library without the optional parts that it would load for other uses."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def hidden(*names: str) -> Iterator[None]:
    """Let modules that are not loaded yet look as if they were not installed.

    Only for libraries that are content without them; what is loaded already stays visible.
    """
    modules: dict[str, Any] = sys.modules
    absent = [name for name in names if name not in modules]
    for name in absent:
        modules[name] = None
    try:
        yield
    finally:
        for name in absent:
            if modules.get(name) is None:
                modules.pop(name, None)
