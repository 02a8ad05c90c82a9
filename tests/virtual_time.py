"""Time that passes at once: an event loop that jumps to its next timer when nothing is ready."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

Result = TypeVar("Result")

_TICK = 1e-9  # the resolution of loops: a timer that fires early would find no time gone


class NothingLeftError(RuntimeError):
    """Something waits, and no timer would ever wake it."""


class _Jump(selectors.BaseSelector):
    """Waits for no file: whoever would have waited finds the time gone."""

    def __init__(self) -> None:
        self.now = 0.0
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = self._keys[fileobj] = selectors.SelectorKey(fileobj, number, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingLeftError
        if timeout > 0:
            self.now += timeout + _TICK
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock begins at 0 and moves only when everything waits."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._jump.now

    def hold_up(self, seconds: float) -> None:
        """Let time pass in which the loop itself gets nothing done, as a starved process would."""
        self._jump.now += seconds


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine, in a `VirtualLoop` of its own.

    Raises:
        NothingLeftError: it would wait for ever.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
