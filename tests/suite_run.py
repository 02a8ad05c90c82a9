"""Runs the suite as people do, by a command, in a copy of its own, and reads what it left."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import monotonic
from typing import IO, TYPE_CHECKING, Any
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REPOSITORY = Path(__file__).parent.parent
PATIENCE_S = 60.0
"""No run of a test takes longer."""

_COPIED = ("checks", "smoke", "environments", "conftest.py", "pyproject.toml")
_SHARED = ("vitals", "standin")
ALONE = ("unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
"""Starts a command where there is no network but the loopback device."""
_PYTEST = (sys.executable, "-m", "pytest")

# A child begins with the peak of the process that started it, so a small one has to stand between.
_MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""
_MEASURE = (sys.executable, "-I", "-S", "-c", _MEASURED)
_KILOBYTES_PER_MB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a run left.

    Attributes:
        code: exit code of pytest.
        out: what it printed on standard output.
        err: what it printed on standard error.
        folder: its folder below reports/, None if it made none.
        seconds: how long the process lived.
        peak_mb: the most memory it held, 0 unless it was measured.
    """

    code: int
    out: str
    err: str
    folder: Path | None
    seconds: float
    peak_mb: float = 0.0

    @property
    def lines(self) -> list[str]:
        """Standard output by line, without blanks at the end."""
        return [line.rstrip() for line in self.out.splitlines() if line.strip()]

    @property
    def record(self) -> dict[str, Any]:
        """The document in `run.json`."""
        assert self.folder is not None, f"the run left no folder:\n{self.out}{self.err}"
        document: dict[str, Any] = json.loads((self.folder / "run.json").read_bytes())
        return document

    @property
    def findings(self) -> dict[str, dict[str, Any]]:
        """The findings of the record by title."""
        return {finding["title"]: finding for finding in self.record["findings"]}

    def line(self, title: str) -> str:
        """The line of a check among the last lines; empty if there is none."""
        own = (line for line in self.lines if line[1:].startswith(f" {title}: "))
        return next(own, "")


class Running:
    """A run that has not ended yet."""

    def __init__(self, suite: Suite, process: subprocess.Popen[bytes], *streams: IO[bytes]) -> None:
        self.process = process
        self._suite = suite
        self._out, self._err, self._peak = streams
        self._before = suite.folders()
        self._began = monotonic()

    def folder(self) -> Path | None:
        """The folder that this run made, None if it has not yet."""
        return next(iter(self._suite.folders() - self._before), None)

    def wait(self) -> Ended:
        """Wait for the end of the run.

        Raises:
            subprocess.TimeoutExpired: it did not end within `PATIENCE_S` and was killed.
        """
        try:
            code = self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
        seconds = monotonic() - self._began
        out, err, peak = (_content(stream) for stream in (self._out, self._err, self._peak))
        return Ended(
            code=code,
            out=out,
            err=err,
            folder=self.folder(),
            seconds=seconds,
            peak_mb=int(peak or 0) / _KILOBYTES_PER_MB,
        )


class Suite:
    """A copy of checks and environments below `root`; the library itself is the repository's."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        for name in _COPIED:
            copy = shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy2
            copy(REPOSITORY / name, root / name)
        for name in _SHARED:
            (root / name).symlink_to(REPOSITORY / name)

    def folders(self) -> set[Path]:
        """The folders of all runs so far."""
        return {path for path in self.root.glob("reports/*/*") if path.is_dir()}

    def write_environment(self, name: str, text: str) -> None:
        """Write the environment file of a name, or replace it."""
        (self.root / "environments" / f"{name}.toml").write_text(f'name = "{name}"\n{text}')

    @contextmanager
    def started(
        self,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        prefix: tuple[str, ...] = (),
        measured: bool = False,
    ) -> Iterator[Running]:
        """A run of pytest with these arguments, killed at the end of the block if it still runs.

        Args:
            arguments: behind `pytest`.
            environ: added to the environment, which has none of our own and pytest's variables;
                what a run keeps on this machine goes below the copy.
            prefix: the command that starts it.
            measured: by way of a small process that takes its peak of memory.
        """
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("VENDHUB_", "PYTEST_"))}
        with (
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
            tempfile.NamedTemporaryFile() as peak,
        ):
            measure = (*_MEASURE, peak.name) if measured else ()
            with subprocess.Popen(
                [*prefix, *measure, *_PYTEST, *arguments],
                cwd=self.root,
                env={**kept, "VITALS_STATE": str(self.root / "state"), **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            ) as process:
                try:
                    yield Running(self, process, out, err, peak.file)
                finally:
                    process.kill()

    def run(self, *arguments: str, **how: Any) -> Ended:
        """The end of a run; see `started` for the arguments."""
        with self.started(*arguments, **how) as running:
            return running.wait()


def environment_text(
    ready: Mapping[str, Any],
    *,
    urls: Mapping[str, str] | None = None,
    round_ms: int = 4000,
    more: str = "",
) -> str:
    """An environment file for a stand-in, without its name.

    Args:
        ready: its READY line.
        urls: in place of the stand-in's, by key of `[urls]`.
        round_ms: deadline of the round; that of a probe is 1500 ms.
        more: further tables.
    """
    known = {target: ready.get(target) or "" for target in ("api", "web", "client", "socket")}
    where = "\n".join(f'{key} = "{url}"' for key, url in {**known, **(urls or {})}.items())
    trust = f'[network]\nca_file = "{ready["ca_file"]}"\n' if ready.get("ca_file") else ""
    return (
        f'description = "a stand-in of a test"\n[urls]\n{where}\n{trust}'
        f"[deadlines]\nprobe_ms = 1500\nround_ms = {round_ms}\n{more}"
    )


@contextmanager
def faults_on(ready: Mapping[str, Any], *faults: str) -> Iterator[None]:
    """Faults of a running stand-in (NAME or NAME=VALUE), off again at the end of the block."""
    for fault in faults:
        name, _, value = fault.partition("=")
        _switch(ready, "PUT", f"{name}?value={value}" if value else name)
    try:
        yield
    finally:
        for fault in faults:
            _switch(ready, "DELETE", fault.partition("=")[0])


@cache
def can_be_alone() -> bool:
    """Whether this machine lets a command run without its network; see `ALONE`."""
    try:
        return subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _switch(ready: Mapping[str, Any], method: str, place: str) -> None:
    request = Request(f"{ready['control']}/faults/{place}", method=method)
    with urlopen(request, timeout=5) as answer:
        assert answer.status == 200


def _content(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode()
