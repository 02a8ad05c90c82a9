"""The folders say what may import what; this walks every import and holds them to it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# The arrows of the architecture: who may import whom. A part may always import itself.
ARROWS = {
    "checks": {"vitals"},
    "smoke": {"vitals", "vitals.browser", "vitals.probe"},
    "conftest": {"vitals", "vitals.environment"},
    "vitals": {"vitals.environment", "vitals.probe", "vitals.verdict", "vitals.telegram"},
    "vitals.plugin": {"*"},
    "vitals.cli": {"*"},
    "vitals.commands": {"*"},
    "vitals.monitor": {
        "vitals.record", "vitals.report", "vitals.verdict", "vitals.environment", "vitals.redact",
    },
    "vitals.report": {
        "vitals.record", "vitals.verdict", "vitals.probe", "vitals.environment", "vitals.redact",
    },
    "vitals.record": {
        "vitals.verdict", "vitals.probe", "vitals.environment", "vitals.redact",
    },
    "vitals.browser": {
        "vitals.environment", "vitals.journal", "vitals.probe", "vitals.redact", "vitals.verdict",
    },
    "vitals.journal": {"vitals.environment", "vitals.probe", "vitals.redact"},
    "vitals.verdict": {"vitals.probe"},
    "vitals.probe": {"vitals.environment", "vitals.redact", "vitals.telegram"},
    "vitals.environment": {"vitals.redact"},
    "vitals.redact": set(),
    "vitals.telegram": set(),
    "standin": set(),
    "benchmarks": {"*"},
}  # fmt: skip
OURS = ("vitals", "standin", "checks", "smoke", "benchmarks", "tests")


def test_no_import_goes_against_the_arrows() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}: {part} imports {imported}"
        for file in _modules()
        for part in [_part(_dotted(file))]
        for imported in _imports(file)
        if not _may(part, _part(imported))
    ]
    assert wrong == []


def test_checks_know_nothing_of_browsers() -> None:
    named = [
        (file.name, name)
        for file in (ROOT / "checks").glob("*.py")
        for name in _imported_names(file)
        if name.split(".")[0] in {"playwright", "pytest_playwright"}
    ]
    assert named == []


def test_health_checks_pay_for_no_browser() -> None:
    code = "import sys, vitals.plugin; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    parts = ("vitals.browser", "vitals.journal", "vitals.probe.api", "playwright", "socketio")
    assert [name for name in loaded.stdout.split() if name.startswith(parts)] == []


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    arrows = {_dotted(file): set(_imports(file, at_run_time=True)) for file in _modules()}
    done: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> None:
        if module in path:
            pytest.fail("imported in a circle: " + " -> ".join((*path, module)))
        if module in done:
            return
        for imported in sorted(arrows.get(module, ())):
            if imported in arrows and not module.startswith(f"{imported}."):
                walk(imported, (*path, module))
        done.add(module)

    for module in sorted(arrows):
        walk(module, ())


def _may(part: str, imported: str) -> bool:
    allowed = ARROWS[part]
    return imported == part or imported in allowed or (
        "*" in allowed and imported.split(".", maxsplit=1)[0] == "vitals"
    )  # fmt: skip


def _modules() -> Iterator[Path]:
    for top in ("vitals", "standin", "checks", "smoke", "benchmarks"):
        yield from sorted((ROOT / top).rglob("*.py"))
    yield ROOT / "conftest.py"


def _dotted(file: Path) -> str:
    words = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(words[:-1] if words[-1] == "__init__" else words)


def _part(module: str) -> str:
    words = module.split(".")
    return ".".join(words[:2]) if words[0] == "vitals" else words[0]


def _imports(file: Path, *, at_run_time: bool = False) -> Iterator[str]:
    for name in _imported_names(file, at_run_time=at_run_time):
        if name.split(".")[0] in OURS:
            yield _module_of(name)


def _module_of(name: str) -> str:
    """`vitals.probe.sample.Kind` names a thing in a module: cut down to the module."""
    words = name.split(".")
    while len(words) > 1:
        path = ROOT.joinpath(*words)
        if path.with_suffix(".py").exists() or (path / "__init__.py").exists():
            break
        words.pop()
    return ".".join(words)


def _imported_names(file: Path, *, at_run_time: bool = False) -> Iterator[str]:
    tree = ast.parse(file.read_bytes())
    skipped: set[ast.AST] = set()
    if at_run_time:  # what only the type checker or a called function imports makes no circle
        for node in ast.walk(tree):
            later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
                isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            )
            if later:
                skipped.update(ast.walk(node))
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
