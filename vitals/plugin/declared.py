"""How many critical checks a folder declares, whether or not they were selected."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_DECORATORS = ("check", "step")


def critical_titles(folder: Path) -> list[str]:
    """The titles of the critical checks that the files of a folder declare.

    Read from the text, because a partial run must not import what was not selected.
    """
    found = []
    for file in sorted(folder.glob("test_*.py")):
        try:
            tree = ast.parse(file.read_bytes())
        except SyntaxError:
            continue
        found += [
            title
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and (title := _critical_title(node))
        ]
    return found


def _critical_title(call: ast.Call) -> str | None:
    name = getattr(call.func, "id", None)
    words = {word.arg: word.value for word in call.keywords}
    severity = words.get("severity")
    is_critical = isinstance(severity, ast.Constant) and severity.value == "critical"
    title = call.args[0] if call.args else None
    if name not in _DECORATORS or not is_critical or not isinstance(title, ast.Constant):
        return None
    return str(title.value)
