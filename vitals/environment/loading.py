"""From a name or a path to an environment."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitals.environment.addresses import host_of, read_url
from vitals.environment.errors import ConfigError, Key, RefusedError, display, nearest, printable
from vitals.environment.model import Environment, EnvironmentFile
from vitals.environment.overrides import Override, apply, read_overrides, source_of
from vitals.environment.rules import first_conflict
from vitals.environment.tables import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from pydantic import TypeAdapter


def load(
    name_or_path: str | os.PathLike[str],
    *,
    folder: Path,
    sets: Iterable[str] = (),
    api_url: str | None = None,
    web_url: str | None = None,
    environ: Mapping[str, str] = os.environ,
    today: date | None = None,
) -> Environment:
    """The environment that a run looks at.

    Args:
        name_or_path: a file of `folder` without its suffix (upper and lower case differ), or a
            path, which has a separator or ends with .toml.
        folder: where the named environments are.
        sets: KEY=VALUE changes, values in TOML spelling or plain text.
        api_url: looked at instead of `urls.api`.
        web_url: looked at instead of `urls.web`.
        environ: where secrets come from.
        today: the day (UTC) from which dates are counted.

    Raises:
        ConfigError: with one message that says what is wrong and what to do.
    """
    path = _find(os.fspath(name_or_path), folder)
    source = _shown(path)
    document = _read(path, source)
    overrides = read_overrides(sets, api_url, web_url)
    own_hosts = _hosts_of_urls(document)
    env = _validate(apply(document, overrides), source, overrides, environ)
    _expect_file_name(env, path, folder, source)
    env = replace(env, secret_hosts=own_hosts, network=_with_ca_file(env, path, source, overrides))
    conflict = first_conflict(env, today or datetime.now(UTC).date())
    if conflict:
        raise conflict.refusal.at(
            source_of(conflict.key, overrides) or source, conflict.key, conflict.value
        )
    return env


def available(folder: Path) -> list[tuple[str, str]]:
    """Names and descriptions of the environments in a folder, by name; broken files say so."""
    return [(path.stem, _description(path)) for path in sorted(folder.glob("*.toml"))]


def missing_environment_message(folder: Path) -> str:
    """What to say when nobody named an environment."""
    known = available(folder)
    width = max((len(name) for name, _ in known), default=0)
    lines = [f"  {name:<{width}}  {description}" for name, description in known]
    if not lines:
        return f"no environment: give --env PATH, a TOML file ({_shown(folder)} holds none)"
    return "\n".join(["no environment: say where to look with --env NAME", *lines])


def _find(wanted: str, folder: Path) -> Path:
    if wanted.endswith(".toml") or "/" in wanted or os.sep in wanted:
        return Path(wanted)
    names = sorted(path.stem for path in folder.glob("*.toml"))
    if wanted in names:
        return folder / f"{wanted}.toml"
    meant = nearest(wanted, names)
    raise ConfigError(
        f"--env {printable(wanted)}: expected one of the environments in {_shown(folder)}:"
        f" {', '.join(names) or 'none'}."
        + (f" Did you mean {meant}?" if meant else " Give one of them, or a path to a TOML file.")
    )


def _read(path: Path, source: str) -> dict[str, Any]:
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise ConfigError(
            f"{source}: byte {fault.start} is not UTF-8: expected a TOML file. Save it as UTF-8."
        ) from None
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or "no usable path"
        raise ConfigError(
            f"{source}: {reason}: expected an environment file. Check the path given to --env."
        ) from None
    try:
        return tomllib.loads(content)
    except RecursionError:
        found = "nested too deeply"
        where = ""
    except ValueError as fault:
        said = re.fullmatch(r"(?s)(.*?) \(at (.*)\)", str(fault))
        found = said[1] if said else "a number is too long"
        where = f" at {said[2]}" if said else ""
    raise ConfigError(
        f"{source}: not TOML{where}: {printable(found)}. Correct that line; texts stand in quotes,"
        " tables in [brackets]."
    )


def _validate(
    document: dict[str, Any],
    source: str,
    overrides: list[Override],
    environ: Mapping[str, str],
) -> Environment:
    from pydantic import ValidationError  # noqa: PLC0415 - importing it costs 100 ms

    try:
        content = _adapter().validate_python(document, context=environ)
    except ValidationError as failed:
        from vitals.environment.explain import explain  # noqa: PLC0415 - only a fault needs it

        key, value, refusal = explain(failed.errors(include_url=False))
        error = refusal.at(source_of(key, overrides) or source, key, value)
    else:
        values = {one.name: getattr(content, one.name) for one in fields(content)}
        said = tuple(override.said for override in overrides)
        return Environment(**values, source=source, overrides=said)
    raise error


@cache
def _adapter() -> TypeAdapter[EnvironmentFile]:
    from pydantic import TypeAdapter  # noqa: PLC0415 - importing it costs 100 ms

    return TypeAdapter(EnvironmentFile)


def _hosts_of_urls(document: Mapping[str, Any]) -> frozenset[str]:
    """The hosts of a file's own `[urls]`; what is wrong there is found when it is validated."""
    urls = document.get("urls", {})
    hosts = set()
    for target in TARGETS:
        try:
            hosts.add(host_of(read_url(urls[target])))
        except (TypeError, KeyError, RefusedError):
            continue
    return frozenset(hosts - {""})


def _expect_file_name(env: Environment, path: Path, folder: Path, source: str) -> None:
    if path.resolve().parent == folder.resolve() and path.stem != env.name:
        raise RefusedError(
            f'"{path.stem}", the name of its file',
            f'Write name = "{path.stem}", or rename the file.',
        ).at(source, ("name",), env.name)


def _with_ca_file(env: Environment, path: Path, source: str, overrides: list[Override]) -> Any:
    if not env.network.ca_file:
        return env.network
    key: Key = ("network", "ca_file")
    option = source_of(key, overrides)
    ca_file = (Path.cwd() if option else path.resolve().parent) / env.network.ca_file
    if not _holds_certificates(ca_file):
        raise RefusedError(
            "a file with certificates in PEM form",
            "Check the path and the file; it counts from the current folder."
            if option
            else "Check the path and the file; it counts from the folder of the environment file.",
        ).at(option or source, key, env.network.ca_file)
    return replace(env.network, ca_file=str(ca_file))


def _holds_certificates(path: Path) -> bool:
    try:
        return b"-----BEGIN CERTIFICATE-----" in path.read_bytes()
    except OSError:
        return False


def _description(path: Path) -> str:
    try:
        said = _read(path, "").get("description")
    except ConfigError:
        return "(not readable as TOML)"
    return printable(said) if isinstance(said, str) else "(without a description)"


def _shown(path: Path) -> str:
    try:
        return (
            printable(os.path.relpath(path))
            if path.is_relative_to(Path.cwd())
            else printable(str(path))
        )
    except ValueError:
        return display(str(path))
