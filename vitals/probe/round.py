"""All probes of a run at once: what is sent, how it ends, and whether the prober was to blame."""

from __future__ import annotations

import asyncio
import contextlib
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vitals.probe import control, dns, http, page, socketio, tls, watch
from vitals.probe.clock import Clock
from vitals.probe.fault import printable
from vitals.probe.gates import longest, run_gates
from vitals.probe.login import LAST_WORD, Logins
from vitals.probe.loop import Background
from vitals.probe.names import Names
from vitals.probe.prober import Prober
from vitals.probe.sample import (
    DnsSample,
    Kind,
    Observation,
    PageSample,
    Sample,
    SocketSample,
    TlsSample,
    WatchSample,
)
from vitals.probe.series import GateSample
from vitals.probe.spec import Dns, Gate, Get, Head, Page, Preflight, Probe, Socket, Tls, Watch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from vitals.environment import Environment
    from vitals.probe.control import Control
    from vitals.probe.series import Judging

_GRACE = 1.0  # seconds that a probe may take to end after the round's deadline
_GATES_WAIT = 1.0  # seconds that gates wait at most for the round of health probes
_HOSTS = 8  # that a run has connections to at once, generously
_DEAD_LOOP = "the prober's own event loop does not run"


@dataclass(frozen=True, slots=True)
class _Sender:
    """How a declaration is sent, and what it brings back."""

    send: Callable[[Prober, Any], Awaitable[Observation]]
    brings: type[Observation]


SENDERS: dict[type[Probe], _Sender] = {
    Get: _Sender(http.send, Sample),
    Head: _Sender(http.send, Sample),
    Preflight: _Sender(http.send, Sample),
    Page: _Sender(page.send, PageSample),
    Watch: _Sender(watch.send, WatchSample),
    Tls: _Sender(tls.send, TlsSample),
    Dns: _Sender(dns.send, DnsSample),
    Socket: _Sender(socketio.send, SocketSample),
}


class Round:
    """The probes of one run, sent together from a thread of their own.

    Every method may be called from any thread but the probes' own.

    Args:
        environment: where to look.
        clock: the run's time; begins now unless given.
        user_agent: how requests introduce themselves.
        judging: how gates are judged; needed when a gate is among the probes.
    """

    def __init__(
        self,
        environment: Environment,
        *,
        clock: Clock | None = None,
        user_agent: str = "vendhub-vitals",
        judging: Judging | None = None,
    ) -> None:
        self.clock = clock or Clock.started_now()
        self._environment = environment
        self._user_agent = user_agent
        self._judging = judging
        self._results: dict[Probe, Future[Observation]] = {}
        self._visits: list[Sample] = []
        self._control: Future[Control] = Future()
        self._broken: Future[str | None] = Future()
        self._background: Background | None = None
        self._whole: Future[None] = Future()
        self._end = 0.0
        self._has_answer = False
        self._told = asyncio.Event()
        self._stopping = asyncio.Event()

    def start(self, probes: Iterable[Probe]) -> None:
        """Send all probes, equal ones once; returns at once.

        Raises:
            TypeError: nobody knows how to send one of them.
            RuntimeError: the round was started before.
        """
        if self._background is not None:
            raise RuntimeError("a round is started once")
        self._results = {probe: Future() for probe in probes}
        for probe in self._results:
            if type(probe) not in SENDERS and not self._is_judged(probe):
                raise TypeError(f"no sender for {probe!r}; add it to vitals.probe.round.SENDERS")
        deadlines, network = self._environment.deadlines, self._environment.network
        names = Names(network.resolver or "", patience=deadlines.probe_ms / 1000)
        self._end = time.monotonic() + deadlines.round_ms / 1000
        if gates := self._gates():
            last = deadlines.probe_ms / 1000
            self._end += _GATES_WAIT + longest(self._environment, gates) + last
        may_open = _HOSTS * self._environment.limits.connections
        self._background = Background(names, may_open)
        self._background.start()
        self._whole = self._background.submit(self._run(names))

    def result(self, probe: Probe) -> Observation:
        """What a probe brought back; waits for it, at most until the round's deadline.

        Raises:
            KeyError: the probe was not started.
        """
        future = self._results[probe]
        with contextlib.suppress(TimeoutError):
            return future.result(self._patience())
        return self._empty(probe, Kind.PROBER, _DEAD_LOOP)

    @property
    def control(self) -> Control:
        """The control probes; waits for them.

        Raises:
            TimeoutError: they did not end with the round.
        """
        return self._control.result(self._patience())

    def prober_broken(self) -> str | None:
        """The proof that the prober is at fault, in a sentence; None when it is not.

        Waits until that can be told: with a control probe that works, no longer than for the
        first answer of the product.
        """
        with contextlib.suppress(TimeoutError):
            return self._broken.result(self._patience())
        return _DEAD_LOOP

    def all_samples(self) -> tuple[Observation, ...]:
        """What the round observed so far, first attempts, parts and logins too, in time's order."""
        ended = [future.result() for future in self._results.values() if future.done()]
        asked = [one for one in ended if not isinstance(one, GateSample)]
        parts = [part for observation in (*asked, *self._visits) for part in observation.all()]
        return tuple(sorted(parts, key=lambda part: part.at))

    def gate_samples(self) -> tuple[GateSample, ...]:
        """The series of the gates that have ended."""
        ended = [future.result() for future in self._results.values() if future.done()]
        return tuple(one for one in ended if isinstance(one, GateSample))

    def stop(self) -> None:
        """Cancel what is outstanding and close every connection; may be called twice."""
        if self._background is None:
            return
        with contextlib.suppress(RuntimeError):  # the loop has ended by itself
            self._background.loop.call_soon_threadsafe(self._stopping.set)
        with contextlib.suppress(TimeoutError):
            self._whole.result(2 * _GRACE + LAST_WORD)
        self._background.stop()
        self._settle_rest(Kind.DEADLINE, "the round was stopped before it ended", None)

    def _patience(self) -> float:
        return max(self._end - time.monotonic(), 0) + 2 * _GRACE

    async def _run(self, names: Names) -> None:
        try:
            prober = Prober(self._environment, self.clock, names, user_agent=self._user_agent)
        except Exception as fault:  # noqa: BLE001 - nothing can be sent: every sample says why
            words = f"the prober cannot start: {printable(f'{type(fault).__name__}: {fault}')}"
            self._settle_rest(Kind.PROBER, words, words)
            return
        # First, because it makes the client load its parts: the first probes of the product would
        # else show some 20 ms of that as time to connect.
        own = await control.ask_own_server(prober)
        gates = self._gates()
        logins = Logins(prober, self._visits)
        if gates:
            now = asyncio.get_running_loop().time()
            prober.watch_until = now + _GATES_WAIT + longest(self._environment, gates)
        tasks = {
            probe: asyncio.create_task(self._one(prober, probe))
            for probe in self._results
            if not isinstance(probe, Gate)
        }
        watches = {task for probe, task in tasks.items() if isinstance(probe, Watch)}
        others = {*tasks.values()} - watches
        every = {*tasks.values()}
        sampling = asyncio.create_task(self._sample(prober, gates, logins, others))
        every.add(sampling)
        every.add(asyncio.create_task(_set_after(prober.quiet, {*others, sampling})))
        every.add(asyncio.create_task(self._judge_prober(prober, own, {*tasks.values()})))
        await self._stopping.wait()
        outstanding = [task for task in every if not task.done()]
        for task in outstanding:
            task.cancel()
        await asyncio.gather(*outstanding, return_exceptions=True)
        await logins.end()
        await prober.close()

    def _gates(self) -> list[Gate]:
        return [probe for probe in self._results if isinstance(probe, Gate)]

    def _is_judged(self, probe: Probe) -> bool:
        return isinstance(probe, Gate) and self._judging is not None

    async def _sample(
        self, prober: Prober, gates: list[Gate], logins: Logins, others: set[asyncio.Task[None]]
    ) -> None:
        """Sample the gates side by side, once the round of health probes is answered."""
        if not gates or self._judging is None:
            return
        if others:
            await asyncio.wait(others, timeout=_GATES_WAIT)

        def settle(gate: Gate, sample: GateSample) -> None:
            self._results[gate].set_result(sample)

        await run_gates(prober, self._judging, gates, logins, settle)

    async def _one(self, prober: Prober, probe: Probe) -> None:
        sender = SENDERS[type(probe)]
        try:
            end = self._end if isinstance(probe, Watch) else prober.end
            async with asyncio.timeout_at(end + _GRACE):
                found = await sender.send(prober, probe)
        except TimeoutError:
            found = self._empty(probe, Kind.DEADLINE, "it did not end with the round")
        except Exception as fault:  # noqa: BLE001 - a probe never raises
            words = printable(f"{type(fault).__name__}: {fault}")
            found = self._empty(probe, Kind.PROBER, words)
        self._results[probe].set_result(found)
        if control.has_answer(found):
            self._has_answer = True
            self._told.set()

    async def _judge_prober(
        self, prober: Prober, own: Sample, probes: set[asyncio.Task[None]]
    ) -> None:
        """Settle whether the prober is broken as soon as that is certain."""
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(control.ask_urls(prober))
            broken = control.fault_of_own(own)
            if broken is None and self._environment.control.urls:
                group.create_task(_set_after(self._told, probes))
                await self._told.wait()
                if not self._has_answer:
                    broken = control.fault_of_network(await asking)
            self._broken.set_result(broken)
        self._control.set_result(control.Control(own, asking.result()))

    def _settle_rest(self, kind: Kind, words: str, broken: str | None) -> None:
        for probe, future in self._results.items():
            if not future.done():
                future.set_result(self._empty(probe, kind, words))
        if not self._broken.done():
            self._broken.set_result(broken)
        if not self._control.done():
            self._control.set_exception(TimeoutError(words))

    def _empty(self, probe: Probe, kind: Kind, detail: str) -> Observation:
        at = self.clock.now()
        brings = GateSample if isinstance(probe, Gate) else SENDERS[type(probe)].brings
        return brings.empty(
            probe=probe,
            kind=kind,
            started_at=self.clock.utc(at),
            at=at,
            duration=0.0,
            detail=detail,
        )


async def _set_after(event: asyncio.Event, tasks: set[asyncio.Task[None]]) -> None:
    if tasks:
        await asyncio.wait(tasks)
    event.set()
