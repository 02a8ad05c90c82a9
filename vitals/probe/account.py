"""A person's session at VendHub's API, opened and ended for code that waits."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from vitals.probe import credentials
from vitals.probe.api import SECONDS, Answer, Api
from vitals.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vitals.environment import Environment
    from vitals.environment.tables import Identities

__all__ = ["Account", "Answer", "SignInError", "sign_in"]

_UNAUTHORIZED = 401


class SignInError(Exception):
    """Nobody was let in; its text is one sentence without anything secret.

    Attributes:
        answer: what came of the attempt; None when there was none.
    """

    def __init__(self, words: str, answer: Answer | None = None) -> None:
        super().__init__(words)
        self.answer = answer

    @property
    def is_unanswered(self) -> bool:
        """Whether the API was asked and did not answer; a session may have been opened."""
        return self.answer is not None and not self.answer.status


class Account:
    """A session that was opened before; asks the API as its person.

    Args:
        environment: whose API gave the tokens.
        name: the person, as `[identities]` calls them.
        access_token: proves the person for 15 minutes; "" when only a refresh can bring one.
        refresh_token: exchanged for new tokens, once.
        user: what the login answered about the person.

    Raises:
        SignInError: no secret may go to this API, or the machine cannot speak to it.
    """

    def __init__(
        self,
        environment: Environment,
        name: str,
        *,
        access_token: str,
        refresh_token: str = "",
        user: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.name = name
        self.access_token = access_token
        self.refresh_token = refresh_token
        self.user = user
        self._api = _api_for(environment, name)

    @classmethod
    def of(cls, environment: Environment, name: str, login_data: Mapping[str, Any]) -> Account:
        """The session that a login's answer tells of, by whatever way it was made.

        Raises:
            SignInError: the answer holds no access token; also as the class itself.
        """
        data = credentials.unwrapped(dict(login_data))
        access, refresh, user = (data.get(key) for key in ("accessToken", "refreshToken", "user"))
        if not credentials.is_token(access):
            raise SignInError(f"{name} could not log in: the answer holds no access token")
        return cls(
            environment,
            name,
            access_token=access,
            refresh_token=refresh if credentials.is_token(refresh) else "",
            user=user if isinstance(user, dict) else {},
        )

    def __repr__(self) -> str:
        return f"Account({self.name!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget the tokens; the session itself goes on until `sign_out`."""
        self.access_token = self.refresh_token = ""

    def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        files: Mapping[str, Any] | None = None,
        fields: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> Answer:
        """Ask the API as this person; see `Api.ask`. Never raises for what the target does."""
        return self._api.ask(
            method,
            path,
            json=json,
            files=files,
            fields=fields,
            token=self.access_token,
            hidden=self._hidden,
            seconds=seconds,
        )

    def refresh(self, *, seconds: float = SECONDS) -> Answer:
        """Exchange the refresh token, which dies by it, and go on with the new pair.

        A success without tokens counts as no answer: nobody knows which pair is valid now.
        """
        answer = self._api.ask(
            "POST",
            credentials.REFRESH,
            json={"refreshToken": self.refresh_token},
            hidden=self._hidden,
            seconds=seconds,
        )
        if not answer.is_success:
            return answer
        access = credentials.access_token(answer.status, answer.document)
        if not access:
            return replace(answer, status=0, words=f"{answer.status} without an access token")
        self.access_token = access
        refresh = credentials.unwrapped(answer.document).get("refreshToken")
        if credentials.is_token(refresh):
            self.refresh_token = refresh
        return answer

    def sign_out(self, *, seconds: float = SECONDS) -> Answer:
        """End the session: neither token works any more."""
        return self.call("POST", credentials.LOGOUT, seconds=seconds)

    def is_signed_in(self, *, seconds: float = SECONDS) -> bool | None:
        """Whether the access token is accepted; None when the API does not say."""
        answer = self.call("GET", credentials.ME, seconds=seconds)
        if answer.is_success:
            return True
        return False if answer.status == _UNAUTHORIZED else None

    @property
    def _hidden(self) -> dict[str, str]:
        return {"ACCESS_TOKEN": self.access_token, "REFRESH_TOKEN": self.refresh_token}


def sign_in(environment: Environment, name: Identities, *, seconds: float = SECONDS) -> Account:
    """Log a person in, by Telegram if the bot's token is set, else by password.

    Exactly one attempt: five wrong passwords lock everybody behind this address out for half an
    hour (facts, 3.2).

    Raises:
        SignInError: it did not work, in one sentence.
    """
    who = environment.identities.get(name)
    if who is None:
        raise SignInError(f"{name} cannot log in: the environment file has no [identities.{name}]")
    if not who.can_log_in:
        unset = " or ".join(f"${variable}" for variable in who.unset)
        raise SignInError(
            f"{name} cannot log in: {unset} is not set"
            if unset
            else f"{name} cannot log in: [identities.{name}] names no secret"
        )
    answer = _api_for(environment, name).ask(
        "POST",
        credentials.login_path(who),
        json=credentials.login_document(who),
        seconds=seconds,
    )
    if not answer.status:
        raise SignInError(f"{name} could not log in: {answer.words}", answer)
    with suppress(SignInError):
        if answer.is_success:
            return Account.of(environment, name, credentials.unwrapped(answer.document))
    secrets = Redactor(environment.secret_values)
    words = credentials.why_refused(name, answer.status, answer.document, secrets)
    raise SignInError(words, answer)


def _api_for(environment: Environment, name: str) -> Api:
    url = environment.target_url("api")
    if not url:
        raise SignInError(f"{name} was not logged in: urls.api of {environment.name} is OFF")
    if reason := credentials.secret_refusal(url, environment):
        raise SignInError(f"{name} was not logged in: {reason}")
    try:
        return Api(environment)
    except OSError as fault:
        words = f"{environment.network.ca_file}: {fault.strerror or 'no certificate'}"
        raise SignInError(f"{name} was not logged in: {words}") from None
