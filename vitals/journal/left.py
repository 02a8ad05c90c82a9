"""What came of cleaning up: what is gone, what the product keeps, and what is still open."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from vitals.probe.api import Answer
from vitals.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable

    from vitals.environment import Environment

CALL_SECONDS = 5.0
"""For which one answer is awaited."""

_THROTTLED_TRIES = 3
_THROTTLED_PAUSE = 1.1  # VendHub counts 10 requests a second and route


@dataclass(frozen=True, slots=True)
class Left:
    """The result of a clean-up, in sentences for people; no token is in them.

    Attributes:
        removed: what is gone.
        listed: what VendHub cannot remove, and stays.
        open: what should have gone and did not, with why.
        unreachable: why the API could not be asked, when it answered nothing at all.
    """

    removed: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    unreachable: str = ""

    @classmethod
    def sum(cls, *parts: Left) -> Left:
        """What several clean-ups came to together; unreachable when each of them was."""
        silent = [part.unreachable for part in parts]
        return cls(
            removed=tuple(one for part in parts for one in part.removed),
            listed=tuple(one for part in parts for one in part.listed),
            open=tuple(one for part in parts for one in part.open),
            unreachable=silent[-1] if silent and all(silent) else "",
        )


@dataclass(slots=True)
class Effort:
    """One clean-up: the time that it has, and what it came to so far.

    Attributes:
        environment: what is cleaned up.
        seconds: for everything together.
    """

    environment: Environment
    seconds: float
    removed: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    _end: float = 0.0
    _was_answered: bool = False
    _silence: str = ""
    _tokens: dict[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._end = time.monotonic() + self.seconds

    def ask(self, call: Callable[[float], Answer]) -> Answer:
        """An answer within the time that is left; a throttled request is sent again.

        Args:
            call: sends it, within so many seconds.
        """
        answer = Answer(words="no time was left to ask")
        for attempt in range(_THROTTLED_TRIES):
            pause = _THROTTLED_PAUSE if attempt else 0.0
            left = self._end - time.monotonic() - pause
            if left <= 0:
                return answer
            threading.Event().wait(pause)
            answer = call(min(left, CALL_SECONDS))
            self.note(answer)
            if not answer.is_throttled:
                break
        return answer

    @property
    def seconds_for_a_call(self) -> float:
        """For which a single answer may be awaited now."""
        return min(CALL_SECONDS, max(self._end - time.monotonic(), 0.1))

    def note(self, answer: Answer) -> None:
        """Remember whether the API answers at all."""
        if answer.status:
            self._was_answered = True
        else:
            self._silence = answer.words

    def hide(self, *tokens: str) -> Self:
        """Keep tokens out of every sentence."""
        self._tokens |= {f"TOKEN_{len(self._tokens) + i}": one for i, one in enumerate(tokens)}
        return self

    def left(self) -> Left:
        """What it came to."""
        redactor = Redactor({**self.environment.secret_values, **self._tokens})
        removed, listed, still = (
            tuple(redactor.text(sentence) for sentence in sentences)
            for sentences in (self.removed, self.listed, self.open)
        )
        silence = "" if self._was_answered else redactor.text(self._silence)
        return Left(removed, listed, still, silence)
