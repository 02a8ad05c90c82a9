"""Each bad environment, and each name of none, gets its one message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from environment_file import FOLDER, ROOT, TODAY, write

from vitals import environment
from vitals.environment import ConfigError, load

BAD = Path(__file__).parent / "bad_environments"
CANARY = "hunter22"


def cases() -> list[Path]:
    return sorted(BAD.glob("*.toml"))


@pytest.mark.parametrize("path", cases(), ids=lambda path: path.stem)
def test_each_bad_environment_gets_its_one_message(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, *rest = path.read_text(encoding="utf-8").splitlines()
    given = [line.removeprefix("# given: ") for line in rest if line.startswith("# given: ")]
    options: dict[str, Any] = {"folder": FOLDER, "sets": [], "environ": {}}
    wanted = path.name if "by name" not in given else path.stem
    for one in given:
        option, _, value = one.partition(" ")
        variable, equals, held = one.partition("=")
        if one == "by name":
            options["folder"] = BAD
        elif option == "--set":
            options["sets"].append(value)
        elif option in {"--api-url", "--web-url"}:
            options[option[2:].replace("-", "_")] = value
        elif equals:
            options["environ"][variable] = held
    monkeypatch.chdir(BAD)

    with pytest.raises(ConfigError) as refused:
        load(wanted, today=TODAY, **options)

    assert str(refused.value) == expected.removeprefix("# ").replace("FILE", path.name)
    assert CANARY not in str(refused.value)


def test_the_bad_files_were_found() -> None:
    assert len(cases()) > 100


def test_an_unknown_name_lists_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    for wanted, meant in (("Production", "production"), ("stagin", "staging")):
        with pytest.raises(ConfigError) as refused:
            load(wanted, folder=FOLDER)
        assert str(refused.value) == (
            f"--env {wanted}: expected one of the environments in environments: demo, local,"
            f" production, staging. Did you mean {meant}?"
        )


def test_without_a_name_all_are_listed(tmp_path: Path) -> None:
    write(tmp_path, "", "near.toml")
    (tmp_path / "torn.toml").write_text("name =", encoding="utf-8")

    assert environment.available(tmp_path) == [
        ("near", "a try"),
        ("torn", "(not readable as TOML)"),
    ]
    assert environment.missing_environment_message(tmp_path) == (
        "no environment: say where to look with --env NAME\n"
        "  near  a try\n"
        "  torn  (not readable as TOML)"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'name = "\xff"', "byte 8 is not UTF-8"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
        (b"a = " + b"9" * 5000, "a number is too long"),
        (None, "No such file or directory"),
    ],
)
def test_files_that_are_no_toml(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "try.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigError, match=said):
        load(path, folder=FOLDER)


def test_a_path_may_hold_anything_a_shell_passes() -> None:
    for wanted in ("\0.toml", "x" * 5000 + ".toml", "/", "\udcff.toml"):
        with pytest.raises(ConfigError):
            load(wanted, folder=FOLDER)
