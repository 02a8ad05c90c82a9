"""Who may cancel tasks and remove files: a manager's session, found or opened when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitals.journal import sessions
from vitals.journal.folder import StateError
from vitals.probe.account import Account, SignInError, sign_in
from vitals.probe.credentials import ME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vitals.journal.entries import Entry, Journal
    from vitals.journal.left import Effort

_ABLE = ("manager", "owner")


class Authority:
    """Somebody who may cancel and remove; asked for once, whatever comes of it.

    Args:
        effort: the clean-up that needs it.
        accounts: sessions of the caller, by person; they are used and not ended.
        journals: whose sessions may be used; they are ended by whoever cleans them up.
        own: where a session that has to be opened is noted, and later ended.
    """

    def __init__(
        self,
        effort: Effort,
        accounts: Mapping[str, Account],
        journals: Iterable[Journal],
        own: Journal,
    ) -> None:
        self._effort = effort
        self._accounts = accounts
        self._journals = tuple(journals)
        self._own = own
        self._found: Account | None = None
        self._refusal = ""

    def account(self) -> Account | None:
        """A session that is good now; None when there is none, see `refusal`."""
        if self._found is None and not self._refusal:
            self._found = self._given() or self._noted() or self._stored() or self._opened()
        return self._found

    @property
    def refusal(self) -> str:
        """Why there is nobody, in words."""
        return self._refusal

    def _given(self) -> Account | None:
        named = (self._accounts.get(name) for name in _ABLE)
        return next((one for one in named if one and self._is_good(one)), None)

    def _noted(self) -> Account | None:
        for journal in self._journals:
            for entry in journal.entries():
                if entry.is_open and entry.kind == "session" and entry.text("person") in _ABLE:
                    account = self._account_of(entry)
                    if account and (self._is_good(account) or self._renewed(account, journal)):
                        return account
        return None

    def _account_of(self, entry: Entry) -> Account | None:
        try:
            return noted_account(self._effort, entry)
        except SignInError:
            return None

    def _stored(self) -> Account | None:
        """The stored session of somebody who logs in by hand; it outlives the clean-up."""
        environment = self._effort.environment
        who = environment.identities.get("manager")
        if who is not None and who.can_log_in:
            return None
        try:
            if sessions.load(self._own.path.parent, "manager") is None:
                return None
            return sessions.refreshed(
                environment,
                "manager",
                folder=self._own.path.parent,
                seconds=self._effort.seconds_for_a_call,
            )
        except (sessions.SessionError, SignInError, StateError) as fault:
            self._refusal = str(fault)
            return None

    def _opened(self) -> Account | None:
        if self._refusal:
            return None
        environment = self._effort.environment
        who = environment.identities.get("manager")
        number = self._own.intend("session", person="manager") if who and who.can_log_in else 0
        try:
            account = sign_in(environment, "manager", seconds=self._effort.seconds_for_a_call)
        except SignInError as fault:
            self._refusal = str(fault)
            if fault.answer is not None:
                self._effort.note(fault.answer)
            if number and not fault.is_unanswered:
                self._own.ended(number, "refused")
            return None
        self._effort.hide(account.access_token, account.refresh_token)
        note_tokens(self._own, number, account)
        return account

    def _is_good(self, account: Account) -> bool:
        answer = self._effort.ask(lambda seconds: account.call("GET", ME, seconds=seconds))
        return answer.is_success

    def _renewed(self, account: Account, journal: Journal) -> bool:
        if not account.refresh_token:
            return False
        old = account.refresh_token
        answer = self._effort.ask(lambda seconds: account.refresh(seconds=seconds))
        if not answer.is_success:
            return False
        for entry in journal.entries():
            if entry.text("refresh_token") == old:
                note_tokens(journal, entry.id, account)
        self._effort.hide(account.access_token, account.refresh_token)
        return True


def noted_account(effort: Effort, entry: Entry) -> Account | None:
    """The session that an entry tells of; None without tokens.

    Raises:
        SignInError: no token may be sent to this API.
    """
    access, refresh = entry.text("access_token"), entry.text("refresh_token")
    effort.hide(access, refresh)
    if not (access or refresh):
        return None
    return Account(
        effort.environment, entry.text("person"), access_token=access, refresh_token=refresh
    )


def note_tokens(journal: Journal, number: int, account: Account) -> None:
    """Keep the tokens of a session in its entry."""
    journal.made(number, access_token=account.access_token, refresh_token=account.refresh_token)
