"""Ending a session through the API, also one whose access token is no longer good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitals.probe.credentials import ME

if TYPE_CHECKING:
    from collections.abc import Callable

    from vitals.journal.left import Effort
    from vitals.probe.account import Account

ENDS_BY_ITSELF = "ends by itself within 7 days"

_UNAUTHORIZED = 401


def end_session(account: Account, effort: Effort, renewed: Callable[[], None]) -> str:
    """End a session and make sure of it.

    Args:
        account: with the tokens of the session.
        effort: the time that there is.
        renewed: is called as soon as the account has new tokens, to keep them.

    Returns:
        "" when the session is over, else why that is not so or not known.
    """
    words = ""
    if account.access_token:
        answer = effort.ask(lambda seconds: account.sign_out(seconds=seconds))
        if answer.status != _UNAUTHORIZED:
            return _made_sure(account, effort, "" if answer.is_success else answer.words)
        words = answer.words
    if not account.refresh_token:
        return f"{words or 'it has no token'}; it {ENDS_BY_ITSELF}"
    answer = effort.ask(lambda seconds: account.refresh(seconds=seconds))
    if answer.status == _UNAUTHORIZED:
        return ""  # neither token is accepted any more
    if not answer.is_success:
        return f"its tokens could not be renewed: {answer.words}"
    renewed()
    answer = effort.ask(lambda seconds: account.sign_out(seconds=seconds))
    return _made_sure(account, effort, "" if answer.is_success else answer.words)


def _made_sure(account: Account, effort: Effort, words: str) -> str:
    """Ask whether the token is refused now; without an answer a log-out proves nothing."""
    answer = effort.ask(lambda seconds: account.call("GET", ME, seconds=seconds))
    if answer.status == _UNAUTHORIZED:
        return ""
    if answer.is_success:
        return words or "the API still accepts its token after the log-out"
    return words or f"the API does not tell whether it is over: {answer.words}"
