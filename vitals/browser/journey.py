"""What the six steps share: the people, what was made, how the step that goes on is driven."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from vitals.browser.answers import accepted
from vitals.browser.deadline import Deadline
from vitals.browser.errors import BlockedError
from vitals.browser.person import Person
from vitals.journal import sessions
from vitals.journal.folder import state_folder
from vitals.journal.sweep import tag_of
from vitals.probe.account import Account
from vitals.probe.api import Answer, Api
from vitals.probe.stored_file import StoredFile, read_stored_file
from vitals.verdict.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from vitals.browser.browsing import Browsing
    from vitals.environment import Environment
    from vitals.journal.entries import Journal, Kind

_T = TypeVar("_T")

AT_THE_WEB = " at the web"
"""Ends the keys of `made` under which people are signed in."""


@dataclass(slots=True, kw_only=True)
class Journey:
    """The smoke path of one run.

    Attributes:
        environment: where it goes.
        run_id: marks whatever it makes.
        started: when the run began (UTC).
        journal: what it makes is written there before it is made.
        browse: gives the run's one browser, launched at the first call.
        learn: hides a value that the product handed out from all artefacts.
        title: the title of the step that goes on.
        drive: `ui` or `api`, how that step acts.
        deadline: of that step.
        made: what steps made, by a name that they agree on.
    """

    environment: Environment
    run_id: str
    started: datetime
    journal: Journal
    browse: Callable[[], Browsing]
    learn: Callable[[str, str], None]
    title: str = ""
    drive: str = "ui"
    deadline: Deadline = field(default_factory=lambda: Deadline(0.0))
    made: dict[str, Any] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    unwell: dict[str, str] = field(default_factory=dict)
    _people: dict[str, Person] = field(default_factory=dict)
    _failed: dict[str, str] = field(default_factory=dict)
    _anonymous: Api | None = None

    @property
    def language(self) -> str:
        """In which the pages are read."""
        return self.environment.smoke.language

    @property
    def tag(self) -> str:
        """What a later run knows the leftovers of this one by."""
        return tag_of(self.run_id, self.started)

    @property
    def by_api(self) -> bool:
        """Whether the step that goes on acts through the API, in the same browser session."""
        return self.drive == "api"

    def begin(self, name: str, title: str) -> None:
        """Begin a step; its deadline runs from here."""
        rule = self.environment.smoke.steps.get(name)  # type: ignore[call-overload]  # a name that is no step has no rule
        self.title = title
        self.drive = rule.drive if rule else "ui"
        self.deadline = Deadline(rule.deadline_ms / 1000 if rule else 15.0)
        for person in self._people.values():
            person.deadline = self.deadline

    def needs(self, *names: str) -> None:
        """Do not go on without these steps, unless they were not selected at all.

        Raises:
            BlockedError: one of them ran and is not healthy; the message is its title.
        """
        for name in names:
            if title := self.unwell.get(name):
                raise BlockedError(title)

    def once(self, key: str, make: Callable[[], _T]) -> _T:
        """What a step made under a key; made now where no step before has.

        Raises:
            BlockedError: an earlier step tried and failed; the message is its title.
            Finding: it fails now.
        """
        if title := self._failed.get(key):
            raise BlockedError(title)
        if key not in self.made:
            try:
                self.made[key] = make()
            except Exception:  # whatever it was, no later step tries it again
                self._failed[key] = self.title
                raise
        value: _T = self.made[key]
        return value

    def person(self, name: str) -> Person:
        """Somebody with a tab of their own, signed in or not."""
        if name not in self._people:
            self._people[name] = self._opened(name)
        return self._people[name]

    @property
    def people(self) -> list[Person]:
        """Everybody who has a tab."""
        return list(self._people.values())

    def begin_again(self) -> None:
        """Begin the same step once more, everybody in a new context with the session they have."""
        self.deadline = Deadline(self.deadline.seconds)
        for name, before in list(self._people.items()):
            person = self._opened(name)
            person.account = before.account
            self._people[name] = person
        self._failed = {key: title for key, title in self._failed.items() if title != self.title}

    def forget_people(self) -> None:
        """Let everybody come in anew at the next step: their tabs were closed."""
        self._people.clear()
        self.made = {key: one for key, one in self.made.items() if not key.endswith(AT_THE_WEB)}

    def user(self, name: str) -> Mapping[str, Any]:
        """What the API's login answered about a person who is signed in."""
        return self.accounts[name].user

    def call(self, name: str, method: str, path: str, *, json: Any = None) -> Answer:
        """Ask the API as a person, or with "" as anybody, apart from the browser.

        The answer has the time that is left of the step.
        """
        seconds = self.deadline.left_ms / 1000
        if name:
            return self.accounts[name].call(method, path, json=json, seconds=seconds)
        self._anonymous = self._anonymous or Api(self.environment)
        return self._anonymous.ask(method, path, json=json, seconds=seconds)

    def read_back(self, url: str) -> StoredFile:
        """What the storage gives back at an address that the API named."""
        return read_stored_file(self.environment, url, self.deadline.left_ms / 1000)

    @contextlib.contextmanager
    def writing(self, kind: Kind, **facts: str) -> Iterator[Callable[..., None]]:
        """Write into the journal that something is about to be made, then what came of it.

        Args:
            kind: session, task, file or notification.
            facts: what it can be found by.
        """
        entry = self.journal.intend(kind, **facts)
        yield lambda **known: self.journal.made(entry, **known)

    @contextlib.contextmanager
    def opening_session(self, person: Person) -> Iterator[Callable[[Answer], Mapping[str, Any]]]:
        """Log somebody in within the block, and hand what was answered to what it gives.

        The session is journaled before and after, so that it is ended whatever happens.
        """

        def opened(answer: Answer) -> Mapping[str, Any]:
            data = accepted(answer, f"a login of {person.name}", 200)
            if not isinstance(data, dict) or not isinstance(data.get("accessToken"), str):
                raise Finding("an access token", f"a login of {person.name} without one")
            tokens = {key: str(data.get(key) or "") for key in ("accessToken", "refreshToken")}
            made(access_token=tokens["accessToken"], refresh_token=tokens["refreshToken"])
            self.take(person, Account.of(self.environment, person.name, data))
            user = data.get("user")
            if not isinstance(user, dict) or not user.get("id"):
                raise Finding("the user, with an id", f"a login of {person.name} without one")
            return data

        with self.writing("session", person=person.name) as made:
            yield opened

    def take(self, person: Person, account: Account) -> None:
        """Know a person's session; its tokens are hidden from now on."""
        name = person.name.upper()
        self.learn(f"ACCESS_TOKEN_OF_{name}", account.access_token)
        self.learn(f"REFRESH_TOKEN_OF_{name}", account.refresh_token)
        person.account = account
        self.accounts[person.name] = account

    def has_stored_session(self, name: str) -> bool:
        """Whether `vitals login` left one for a person whose secrets are not set here."""
        return uses_stored_session(self.environment, name)

    def take_stored_session(self, person: Person) -> None:
        """Be signed in by the stored session, made fresh through the API first.

        Raises:
            SessionExpiredError: the API refuses it.
        """
        account = sessions.refreshed(self.environment, person.name)
        self.take(person, account)
        person.take_session(account.access_token, account.refresh_token, account.user)

    def _opened(self, name: str) -> Person:
        tab = self.browse().open(name, self.language)
        return Person(name, self.environment, tab, self.deadline)


def uses_stored_session(environment: Environment, name: str) -> bool:
    """Whether a person comes in by a stored session: no secret is set, and there is one.

    Raises:
        StateError: there can be no folder for it.
    """
    who = environment.identities.get(name)  # type: ignore[call-overload]  # whoever is not there is None
    if environment.standin is not None or (who is not None and who.can_log_in):
        return False
    return sessions.load(state_folder(environment), name) is not None
