"""The sequential gate on one stream: is at most a share 1 - q of requests over the limit?"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from enum import StrEnum

from vitals.verdict.gate.evidence import (
    MOST_SAMPLES,
    checked_alpha,
    checked_quantile,
    healthy,
    unhealthy,
)

_SAME_EVIDENCE = 1e-6


class Decision(StrEnum):
    """What the evidence says; UNDECIDED at the end of the budget is INCONCLUSIVE, never PASS."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    FAIL = "FAIL"
    UNDECIDED = "UNDECIDED"


@dataclass(frozen=True, slots=True)
class GateRule:
    """What is claimed of a quantile, and how often the gate may be wrong about it.

    Attributes:
        quantile: such as 0.95; the share of requests that must stay within the limit.
        alpha_pass: greatest probability of ever saying PASS of a service that is not healthy.
        alpha_fail: greatest probability of ever saying FAIL of a service that is healthy.

    Raises:
        ValueError: one of them is not between 0 and 1.
    """

    quantile: float
    alpha_pass: float
    alpha_fail: float

    def __post_init__(self) -> None:
        checked_quantile(self.quantile)
        checked_alpha(self.alpha_pass)
        checked_alpha(self.alpha_fail)

    @property
    def needed_to_pass(self) -> float:
        """Log evidence at which the gate says PASS."""
        return -math.log(self.alpha_pass)

    @property
    def needed_to_fail(self) -> float:
        """Log evidence at which the gate says FAIL."""
        return -math.log(self.alpha_fail)


@dataclass(frozen=True, slots=True)
class GateState:
    """All that a gate knows, in plain numbers: record it, or carry it to the next run.

    Attributes:
        n: samples counted, up to and with the one that decided.
        exceedances: those of them over the limit or failed.
        log_evidence_pass: natural logarithm of the evidence for healthy.
        log_evidence_fail: natural logarithm of the evidence for unhealthy.
        decision: reached at the n-th sample.
    """

    n: int
    exceedances: int
    log_evidence_pass: float
    log_evidence_fail: float
    decision: Decision


@dataclass(frozen=True, slots=True)
class Evidence:
    """How far each side is, from 0 (nothing, or evidence against it) to 1 (decided)."""

    healthy: float
    unhealthy: float

    @classmethod
    def towards(cls, rule: GateRule, log_pass: float, log_fail: float) -> Evidence:
        """Measure log evidence by what the rule needs."""
        return cls(_share(log_pass, rule.needed_to_pass), _share(log_fail, rule.needed_to_fail))


class QuantileGate:
    """Decides from exceedances in planned order; safe to look at after every sample.

    The first crossing is the verdict: later samples change neither it nor the counts, so `state`
    always holds what the verdict stands on.

    Args:
        rule: quantile and error probabilities.
        state: where an earlier gate under the same rule stopped.

    Raises:
        ValueError: the state contradicts itself or belongs to another rule.
    """

    def __init__(self, rule: GateRule, state: GateState | None = None) -> None:
        self.rule = rule
        self._healthy = healthy(rule.quantile)
        self._unhealthy = unhealthy(rule.quantile)
        self._needed_to_pass = rule.needed_to_pass
        self._needed_to_fail = rule.needed_to_fail
        self._n = 0
        self._exceedances = 0
        self._decision = Decision.UNDECIDED
        if state is not None:
            self._resume(state)

    @property
    def decision(self) -> Decision:
        """The verdict so far."""
        return self._decision

    @property
    def state(self) -> GateState:
        """A snapshot that another gate can resume from."""
        n, exceedances = self._n, self._exceedances
        return GateState(
            n=n,
            exceedances=exceedances,
            log_evidence_pass=self._healthy.log_evidence(n, exceedances),
            log_evidence_fail=self._unhealthy.log_evidence(n, n - exceedances),
            decision=self._decision,
        )

    def add(self, exceeded: bool) -> Decision:  # noqa: FBT001 - the one thing that a sample is
        """Count the next sample in planned order: whether it exceeded the limit or failed."""
        if self._decision is not Decision.UNDECIDED:
            return self._decision
        self._n += 1
        # An exceedance lowers the evidence for healthy, any other sample that for unhealthy, so
        # only one of the two can be crossing now.
        if exceeded:
            self._exceedances += 1
            if self._fails(self._n, self._exceedances):
                self._decision = Decision.FAIL
        elif self._passes(self._n, self._exceedances):
            self._decision = Decision.PASS
        return self._decision

    def evidence(self) -> Evidence:
        """How far each side is, from 0 to 1."""
        state = self.state
        return Evidence.towards(self.rule, state.log_evidence_pass, state.log_evidence_fail)

    def samples_to_decide(self) -> int | None:
        """How many more samples would decide if exceedances went on at the observed rate.

        Returns:
            0 once decided; None before the first sample, when a million more would not be
            enough, and for a rate on the boundary, which no number decides.
        """
        if self._decision is not Decision.UNDECIDED:
            return 0
        if self._n == 0:
            return None
        rate = self._exceedances / self._n

        # Along a path of constant rate the evidence is a sum of exponentials in n that begins at
        # 1: convex, so once it has crossed a threshold above 1 it stays there.
        def is_decided(more: int) -> bool:
            n = self._n + more
            return self._passes(n, n * rate) or self._fails(n, n * rate)

        more = bisect.bisect_left(range(1, MOST_SAMPLES + 1), 1, key=is_decided) + 1
        return more if more <= MOST_SAMPLES else None

    def _passes(self, n: int, exceedances: float) -> bool:
        return self._healthy.log_evidence(n, exceedances) >= self._needed_to_pass

    def _fails(self, n: int, exceedances: float) -> bool:
        return self._unhealthy.log_evidence(n, n - exceedances) >= self._needed_to_fail

    def _resume(self, state: GateState) -> None:
        if not 0 <= state.exceedances <= state.n:
            raise ValueError(f"{state.exceedances} exceedances of {state.n} samples cannot be")
        self._n, self._exceedances = state.n, state.exceedances
        if self._passes(state.n, state.exceedances):
            self._decision = Decision.PASS
        elif self._fails(state.n, state.exceedances):
            self._decision = Decision.FAIL
        known = self.state
        same_evidence = math.isclose(
            known.log_evidence_pass, state.log_evidence_pass, abs_tol=_SAME_EVIDENCE
        ) and math.isclose(known.log_evidence_fail, state.log_evidence_fail, abs_tol=_SAME_EVIDENCE)
        if not same_evidence or self._decision != state.decision:
            raise ValueError(f"{state} does not follow from its counts under {self.rule}")


def _share(log_evidence: float, needed: float) -> float:
    return min(max(log_evidence / needed, 0.0), 1.0)
