"""Tables of facts about the stand-in: one row a fact, each for one profile or both."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx
import pytest
from standin_process import running_standin
from standin_visitor import Visitor

COMPLETE = ("complete",)
VENDHUB_OS = ("vendhub-os",)
BOTH = COMPLETE + VENDHUB_OS

Result = TypeVar("Result")


@dataclass(frozen=True)
class Fact(Generic[Result]):
    """A sentence and what holds it; `holds` raises AssertionError when it is not so."""

    sentence: str
    holds: Callable[[Visitor], Result]
    profiles: tuple[str, ...]


class Facts(Generic[Result]):
    """A table of facts, filled by decorating functions."""

    def __init__(self) -> None:
        self._rows: list[Fact[Result]] = []

    def __call__(
        self, sentence: str, profiles: tuple[str, ...] = BOTH
    ) -> Callable[[Callable[[Visitor], Result]], None]:
        """Add the decorated function under its sentence."""

        def keep(holds: Callable[[Visitor], Result]) -> None:
            self._rows.append(Fact(sentence, holds, profiles))

        return keep

    def parametrized(self) -> pytest.MarkDecorator:
        """Mark a test that takes `profile` and `fact`."""
        return pytest.mark.parametrize(
            ("profile", "fact"),
            [
                pytest.param(profile, fact, id=f"{profile}: {fact.sentence}")
                for fact in self._rows
                for profile in fact.profiles
            ],
        )


@contextmanager
def both_profiles() -> Iterator[dict[str, dict[str, Any]]]:
    """Run a stand-in of each profile; gives their READY lines by profile."""
    with contextlib.ExitStack() as stack:
        yield {
            profile: stack.enter_context(running_standin("--profile", profile)) for profile in BOTH
        }


def data(answer: httpx.Response, status: int = 200) -> Any:
    """Return what the envelope holds of an answer that has this status."""
    assert answer.status_code == status, answer.text
    return answer.json()["data"]


def refused(answer: httpx.Response, status: int, code: str, message: str = "") -> None:
    """Hold an answer to the error shape, its code, and a part of its message."""
    body = answer.json()
    assert (answer.status_code, body["errorCode"]) == (status, code)
    assert message in body["message"]
    assert body["success"] is False
    assert body["statusCode"] == status
