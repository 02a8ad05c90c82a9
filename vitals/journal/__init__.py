"""What a smoke run makes on the target, kept on this machine so that a later run can remove it."""

from vitals.journal.entries import Entry, Journal, dead
from vitals.journal.folder import StateError, state_folder
from vitals.journal.lock import BusyError, Lock, acquire
from vitals.journal.sweep import TAG, Left, clean, sweep, tag_of

__all__ = [
    "TAG",
    "BusyError",
    "Entry",
    "Journal",
    "Left",
    "Lock",
    "StateError",
    "acquire",
    "clean",
    "dead",
    "state_folder",
    "sweep",
    "tag_of",
]
