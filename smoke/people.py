"""Getting people in: by Telegram, by password, or with a session that is stored here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from smoke.pages.login import Login
from vitals import init_data
from vitals.browser.journey import AT_THE_WEB

if TYPE_CHECKING:
    from vitals.browser.journey import Journey
    from vitals.browser.person import Person


def signed_data(
    journey: Journey, person: Person, when: datetime | None = None, bot_token: str = ""
) -> str:
    """Init data of a person, signed by their bot (or with another token), fresh unless told.

    Whoever holds it can log in for a minute, so its signature is hidden from now on.
    """
    who = person.identity
    user = {"id": who.telegram_id, "first_name": "VendHub", "last_name": "vitals"}
    data = init_data(bot_token or who.bot_token.reveal(), user, when or datetime.now(UTC))
    journey.learn(f"SIGNATURE_OF_{person.name.upper()}", dict(parse_qsl(data))["hash"])
    return data


def at_the_web(journey: Journey, name: str) -> Person:
    """A person who is signed in to the admin web; whoever asks first signs them in."""
    journey.once(name + AT_THE_WEB, lambda: _sign_in(journey, journey.person(name)))
    return journey.person(name)


def _sign_in(journey: Journey, person: Person) -> str:
    """Sign in and give the way: `form`, `telegram` or `stored`."""
    web = journey.environment.urls.web
    if journey.has_stored_session(person.name):
        journey.take_stored_session(person)
        return "stored"
    who = person.identity
    with journey.opening_session(person) as opened:
        # One person comes by each way, so that both are tried.
        by_form = who.password.is_set and (person.name != "operator" or not who.has_telegram)
        if by_form:
            form = Login(person.page, journey.language)
            with person.expecting("the login page"):
                form.open(web)
            with (
                person.overhearing("/api/v1/auth/login") as answers,
                person.expecting("an answer to the login form"),
            ):
                form.sign_in(who.email, who.password.reveal())
            opened(answers[-1])
            with person.expecting("the login page to lead on"):
                form.wait_until_left()
            return "form"
        credentials = {"initData": signed_data(journey, person)}
        data: Any = opened(person.fetch("POST", "/api/v1/auth/telegram", data=credentials))
        person.store_user(data.get("user") or {})
        return "telegram"
