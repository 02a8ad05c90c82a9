"""Which moves a task may make, and what its types and priorities are called (facts 5.1)."""

from standin.api.envelope import ApiError

TYPES = (
    "refill",
    "collection",
    "cleaning",
    "repair",
    "install",
    "removal",
    "audit",
    "inspection",
    "replace_hopper",
    "replace_grinder",
    "replace_brew_unit",
    "replace_mixer",
)
PRIORITIES = ("low", "normal", "high", "urgent")
ACTIVE = ("pending", "assigned", "in_progress")

_MOVES = {
    "pending": ("assigned", "cancelled"),
    "assigned": ("in_progress", "postponed", "cancelled"),
    "in_progress": ("completed", "postponed", "cancelled"),
    "postponed": ("assigned", "cancelled"),
    "completed": ("rejected",),
    "cancelled": (),
    "rejected": (),
}
STATUSES = tuple(_MOVES)


def refuse_move(old: str, new: str) -> None:
    """Let only allowed moves pass; raises ApiError 400 naming both states."""
    if new not in _MOVES[old]:
        raise ApiError(400, f"Cannot change task status from {old} to {new}")
