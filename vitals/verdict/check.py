"""The declaration of a check: what it is called, how much it matters, what it looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from vitals.verdict.outcome import Incident, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from vitals.probe.spec import Probe

_F = TypeVar("_F", bound="Callable[..., object]")
_BROWSER_NAMES = frozenset({"page", "browser", "context"})
_ATTRIBUTE = "__vitals_check__"


FOUNDATIONS = {
    "api": "API Health",
    "socket": "API Health",
    "web": "Frontend",
    "client": "Mini App",
    "site": "Site",
}
"""The check that whatever looks at a target stands on; `{foundation}` in `stands_on`."""


GATES = ("gate",)
"""For `each`: one instance for each `[[response_time]]` of the environment file."""


@dataclass(frozen=True, slots=True)
class Step:
    """What `@step` adds: who acts in it, on which surfaces, and whether it writes.

    `name` is its key in `[smoke.steps]`; "" for a check of a page that is no step of the path.
    """

    name: str
    people: tuple[str, ...]
    urls: tuple[str, ...]
    writes: bool


@dataclass(frozen=True, slots=True)
class Check:
    """What `@check` or `@step` says about a test function; `step` is None for a check."""

    title: str
    severity: Severity
    incident: Incident
    runbook: str
    stands_on: str
    each: tuple[str, ...]
    probes: tuple[tuple[str, Probe], ...]
    step: Step | None = None

    def for_target(self, target: str) -> tuple[tuple[str, Probe], ...]:
        """The probes of the instance for one target (the empty string where there is but one)."""
        return tuple((name, probe.aimed_at(target)) for name, probe in self.probes)

    def named(self, template: str, target: str) -> str:
        """A title with `{target}` and `{foundation}` filled in."""
        known = {"{target}": target, "{foundation}": FOUNDATIONS.get(target, "")}
        for place, words in known.items():
            template = template.replace(place, words)
        return template


def check(
    title: str,
    *,
    severity: str,
    incident: str,
    runbook: str,
    stands_on: str = "",
    each: tuple[str, ...] = (),
    **probes: Probe,
) -> Callable[[_F], _F]:
    """Declare a test function as a check.

    The function receives the sample of each probe under the probe's name. It returns the words
    of its line when it passes (nothing means OK) and raises a `Finding`, usually by `expect`.

    Args:
        title: its name in every line; `{target}` stands for the target of an instance.
        severity: critical, warning or info.
        incident: P1 to P4, what it is to the people on call when it is not healthy.
        runbook: the section to open, such as `deploy#4`.
        stands_on: title of a check without which this one has nothing to judge; may hold
            `{target}` and `{foundation}`, see `FOUNDATIONS`.
        each: make one instance for each of these targets; its probes name the target `EACH`.
        probes: what to look at, by argument name.

    Raises:
        ValueError: a severity, level or argument name that does not exist.
    """
    taken = _BROWSER_NAMES & probes.keys()
    if taken:
        raise ValueError(f"a check uses no browser: call the probe something else than {taken}")
    return _declaring(
        Check(
            title, Severity(severity), Incident(incident), runbook, stands_on, each,
            tuple(probes.items()),
        )
    )  # fmt: skip


def step(
    title: str,
    *,
    name: str = "",
    severity: str,
    incident: str,
    runbook: str,
    people: tuple[str, ...] = (),
    urls: tuple[str, ...] = ("web",),
    writes: bool = False,
) -> Callable[[_F], _F]:
    """Declare a test function as a step that people do in a browser.

    The function receives the `journey` and returns the words of its line when it passes. A finding
    is raised by `require`, or by whatever was awaited in the browser and did not come.

    Args:
        title: its name in every line: the runbook's own words.
        name: its key in `[smoke.steps]`; "" for what is looked at beside the path.
        severity: critical, warning or info.
        incident: P1 to P4, what it is to the people on call when it fails.
        runbook: the section to open, such as `deploy#5`.
        people: those of `[identities]` who must be able to log in, else it is OFF.
        urls: the keys of `[urls]` that it needs, else it is OFF.
        writes: OFF without `smoke.writes`.

    Raises:
        ValueError: a severity or level that does not exist.
    """
    return _declaring(
        Check(
            title, Severity(severity), Incident(incident), runbook, "", (), (),
            Step(name, people, urls, writes),
        )
    )  # fmt: skip


def _declaring(declaration: Check) -> Callable[[_F], _F]:
    def declare(function: _F) -> _F:
        setattr(function, _ATTRIBUTE, declaration)
        return function

    return declare


def declared(function: object) -> Check | None:
    """The declaration of a test function, None for a function that is no check."""
    found = getattr(function, _ATTRIBUTE, None)
    return found if isinstance(found, Check) else None
