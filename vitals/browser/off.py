"""Which key of the environment file would turn a step on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitals.browser.journey import uses_stored_session
from vitals.environment.addresses import host_of
from vitals.probe.spec import no_login

if TYPE_CHECKING:
    from vitals.environment import Environment
    from vitals.verdict.check import Step


def off_because(step: Step, environment: Environment) -> str | None:
    """The key that is missing for a step, None when it is on.

    Args:
        step: what it needs.
        environment: where the run looks.

    Raises:
        StateError: this machine cannot say whether a session is stored.
    """
    for target in step.urls:
        url = environment.target_url(target)
        if not url:
            return f"urls.{target}"
        if step.people and not environment.secrets_allowed_for(host_of(url)):
            return f"the file's own urls.{target}"
    if step.writes and not environment.smoke.writes:
        return "smoke.writes"
    for names in step.people:
        missing = [_missing(step, environment, name) for name in names.split(" or ")]
        if all(missing):
            return missing[0]
    return None


def _missing(step: Step, environment: Environment, name: str) -> str | None:
    if uses_stored_session(environment, name):
        return None
    if key := no_login(environment, name):
        return key
    who = environment.identities[name]  # type: ignore[index]  # no_login has found it
    if step.name == "login" and not who.has_telegram:
        return f"identities.{name}.telegram_id with bot_token"
    return None
