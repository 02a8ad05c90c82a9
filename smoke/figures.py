"""What the dashboard must show, from what the API answered to the dashboard's own calls."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vitals import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

CALLS = (
    "/analytics/dashboard",
    "/orders/stats",
    "/orders",
    "/analytics/daily",
    "/machines",
    "/analytics/top-products",
    "/alerts",
)
"""What the Overview asks for (facts 4)."""

DEMO_FIGURES = frozenset({"247", "9K", "14/16", "0/0"})
"""What VendHub-OS shows in the three cards when it has no answer that it can read (facts 4)."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A card, the call that it shows, and its text; grouping of digits is left to the page."""

    card: str
    call: str
    text: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """Finds the text with anything but digits between its digits."""
        if "/" in self.text:
            return re.compile(rf"^\s*{re.escape(self.text)}\s*$")
        return re.compile(r"^\D*" + r"\D{0,2}".join(self.text) + r"\D*$")


def expected_figures(answers: Mapping[str, Any]) -> list[Figure]:
    """The figures that follow from the answers, which are given by call.

    Raises:
        Finding: an answer does not hold what the figure is made of.
    """
    stats = answers["/orders/stats"]
    machines = answers["/machines"]
    rows = machines.get("data") if isinstance(machines, dict) else machines
    if not isinstance(rows, list):
        raise Finding("a list of machines from /machines", _shown(machines))
    active = sum(isinstance(row, dict) and row.get("status") == "active" for row in rows)
    return [
        Figure("orders", "/orders/stats", _whole(stats, "totalOrders")),
        Figure("average", "/orders/stats", _whole(stats, "averageOrderValue")),
        Figure("online", "/machines", f"{active}/{len(rows)}"),
    ]


def _whole(stats: Any, name: str) -> str:
    value = stats.get(name) if isinstance(stats, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Finding(f"a number {name} from /orders/stats", _shown(stats))
    return str(round(value))


def _shown(document: Any) -> str:
    return repr(document)[:120]
