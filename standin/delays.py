"""Holding answers back: the latency faults and the freeze."""

import asyncio
from random import Random

from starlette.types import Message, Scope, Send

from standin.faults import Faults
from standin.latency import delay_of, route_delay_of

_SEED = 20_250_101
_LOOK_S = 0.05


class Delays:
    """Delays the answers of the API, drawn in the order of the requests; the same each time."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._chance = Random(_SEED)  # noqa: S311 - a simulation that can be repeated

    def delayed(self, scope: Scope, send: Send) -> Send:
        """A way to send that holds back until the time of this answer has come."""
        seconds = self._seconds(scope["path"]) if scope["type"] == "http" else 0.0
        if not seconds:
            return send
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds

        async def send_later(message: Message) -> None:
            await asyncio.sleep(until - loop.time())
            await send(message)

        return send_later

    async def freeze(self) -> None:
        """Wait for as long as nothing is answered."""
        while self._faults.on("api-freeze"):  # noqa: ASYNC110 - nobody is told of a switch
            await asyncio.sleep(min(self._faults.left("api-freeze"), _LOOK_S))

    def _seconds(self, path: str) -> float:
        found = 0.0
        if self._faults.on("api-latency"):
            found = delay_of(self._faults.value("api-latency"))(self._chance)
        if self._faults.on("route-latency"):
            slow, delay = route_delay_of(self._faults.value("route-latency"))
            found = max(found, delay(self._chance)) if path == slow else found
        return found
