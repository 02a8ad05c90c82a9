"""The sequential quantile gate: whether a threshold such as "p95 < 200 ms" holds."""

from vitals.verdict.gate.bounds import QuantileBounds, nearest_rank
from vitals.verdict.gate.dependence import Stretch, lag1_autocorrelation, one_stretch
from vitals.verdict.gate.pooled import PooledGate, PooledState, RouteState, planned_order
from vitals.verdict.gate.quantile import Decision, Evidence, GateRule, GateState, QuantileGate

__all__ = [
    "Decision",
    "Evidence",
    "GateRule",
    "GateState",
    "PooledGate",
    "PooledState",
    "QuantileBounds",
    "QuantileGate",
    "RouteState",
    "Stretch",
    "lag1_autocorrelation",
    "nearest_rank",
    "one_stretch",
    "planned_order",
]
