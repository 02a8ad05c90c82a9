"""Can people work? The six steps of the runbook, in its order and words (deploy, step 5)."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from smoke import live, tasks, work
from smoke.figures import CALLS, DEMO_FIGURES, expected_figures
from smoke.pages.dashboard import Dashboard
from smoke.pages.mini_app import MiniApp
from smoke.people import at_the_web, signed_data
from vitals import Finding, require, step
from vitals.browser.answers import accepted, answer_of
from vitals.browser.telegram_script import inject_telegram

if TYPE_CHECKING:
    from vitals.browser.journey import Journey
    from vitals.browser.person import Person

TELEGRAM_LOGIN = "/api/v1/auth/telegram"
TOO_OLD = timedelta(seconds=150)  # VendHub takes init data for 60 s (facts 3.1); clocks may differ
SETTLE_MS = 2000.0


@step(
    "Login via Telegram", name="login", severity="critical", incident="P2", runbook="deploy#5",
    people=("operator",), urls=("client",),
)  # fmt: skip
def test_login_via_telegram(journey: Journey) -> str:
    """Opened from Telegram, the Mini App lets its user in by name; forged and old does not."""
    person = journey.person("operator")
    if journey.has_stored_session("operator"):
        journey.take_stored_session(person)
        greeted(journey, person, is_opened=False)
        return "OK (stored session)"
    refuses_forged_data(journey, person)
    if journey.by_api:
        with journey.opening_session(person) as opened:
            opened(
                person.fetch(
                    "POST", TELEGRAM_LOGIN, data={"initData": signed_data(journey, person)}
                )
            )
        knows_the_session(journey, person)
        return "OK (by API)"
    injects = journey.environment.smoke.inject
    if injects:
        inject_telegram(person.context, journey.environment)
    app = MiniApp(person.page, journey.language)
    with journey.opening_session(person) as opened:
        with person.expecting("the Mini App"):
            app.open(journey.environment.urls.client, signed_data(journey, person))
            has_script = app.knows_telegram()
        require(
            has_script,
            expected="the Mini App to load Telegram's script",
            observed="no window.Telegram in the page, so nobody can be known to it",
        )
        with person.expecting("the Mini App to ask the API to let its user in"):
            person.wait_for_call("/auth/telegram", method="POST")
        call = person.recorder.answered("/auth/telegram", journey.deadline.began, "POST")[-1]
        opened(answer_of(call.response, call.failure))
    greeted(journey, person, is_opened=True)
    return "OK (init data injected)" if injects else "OK"


def refuses_forged_data(journey: Journey, person: Person) -> None:
    """A signature by another bot and init data of minutes ago let nobody in."""
    other_bot = f"{secrets.randbelow(10**9)}:{secrets.token_urlsafe(26)}"
    now = datetime.now(UTC)
    forged = {
        "signed by another bot": signed_data(journey, person, now, other_bot),
        f"signed {TOO_OLD.seconds} s ago": signed_data(journey, person, now - TOO_OLD),
    }
    for what, init_data in forged.items():
        answer = journey.call("", "POST", TELEGRAM_LOGIN, json={"initData": init_data})
        if answer.is_success:
            with journey.opening_session(person) as opened:
                opened(answer)
            raise Finding(
                "401", f"{answer.status}", sentence=f"FAILED (init data {what} lets one in)"
            )
        if answer.status != 401:
            accepted(answer, f"init data {what} to be refused", 401)


def greeted(journey: Journey, person: Person, *, is_opened: bool) -> None:
    """The Mini App shows the name of the user, and the session is that of the user."""
    require(
        bool(person.full_name),
        expected=f"first and last name in the login's answer to {person.name}",
        observed="neither, so that no greeting could be known",
    )
    app = MiniApp(person.page, journey.language)
    with person.expecting(f"the Mini App to greet {person.name} by name"):
        if not is_opened:
            app.open_with_session(journey.environment.urls.client)
        app.wait_for_name(person.full_name)
    knows_the_session(journey, person)


def knows_the_session(journey: Journey, person: Person) -> None:
    """The API knows the session, as one of the user whom the login told of."""
    answer = journey.call(person.name, "GET", "/api/v1/auth/me")
    me, user = accepted(answer, "the session to be known", 200), journey.user(person.name)
    require(
        bool(user.get("id")) and me.get("id") == user.get("id"),
        expected=f"a session of user {user.get('id')}",
        observed=f"one of {me.get('id')}",
    )


@step(
    "View dashboard", name="dashboard", severity="critical", incident="P2", runbook="deploy#5",
    people=("manager",),
)  # fmt: skip
def test_view_dashboard(journey: Journey) -> str:
    """The API answers each call of the dashboard, and the answers are what is shown."""
    began = journey.deadline.began
    manager = at_the_web(journey, "manager")
    if journey.by_api:
        answers = {c: accepted(manager.fetch("GET", f"/api/v1{c}"), c, 200) for c in CALLS}
        return f"OK (by API, {len(expected_figures(answers))} figures)"
    page = Dashboard(manager.page, journey.language)
    with manager.expecting("the dashboard"):
        if not manager.page.url.endswith("/dashboard"):
            page.open(journey.environment.urls.web)
        page.wait_until_open()
    with manager.expecting("each call of the dashboard to be made and answered"):
        for call in CALLS:
            manager.wait_for_call(call, since=began)
    answers = {call: _answered(manager, call, began) for call in CALLS}
    for figure in expected_figures(answers):
        with manager.expecting(f"a card {page.say(figure.card)}"):
            shown = page.figure(figure.card)
            if not figure.pattern.match(shown):
                shown = page.figure_after(figure.card, figure.pattern, SETTLE_MS)
        require(
            bool(figure.pattern.match(shown)),
            expected=f"{page.say(figure.card)} {figure.text}, as {figure.call} answers",
            observed=f"{shown} (a built-in demo figure)" if shown in DEMO_FIGURES else shown,
        )
    return "OK"


def _answered(person: Person, path: str, since: float) -> Any:
    call = person.recorder.answered(path, since)[-1]
    return accepted(answer_of(call.response, call.failure), f"GET {path} to be answered", 200)


@step(
    "Create a test task", name="create_task", severity="critical", incident="P2",
    runbook="deploy#5", people=("manager",), writes=True,
)  # fmt: skip
def test_create_a_test_task(journey: Journey) -> str:
    """A task that is filled in and saved stands in the list, and in the API by its number."""
    task = journey.once("task", lambda: tasks.create(journey))
    found = tasks.found_by_number(journey, task)
    require(
        found.get("status") == "pending",
        expected=f"{task.number} pending",
        observed=f"{found.get('status')}",
    )
    return f"OK ({tasks.by_api(journey)}{task.number})"


@step(
    "Upload a photo", name="upload_photo", severity="critical", incident="P2", runbook="deploy#5",
    people=("manager", "operator"), writes=True,
)  # fmt: skip
def test_upload_a_photo(journey: Journey) -> str:
    """The photo of an operator at work comes back from the storage byte for byte as it was."""
    journey.needs("login", "create_task")
    task = journey.once("task", lambda: tasks.create_by_api(journey))
    photo = journey.once("photo before", lambda: work.photo_before(journey, task))
    return f"OK ({tasks.by_api(journey)}{len(photo.content) / 1000:.0f} kB read back)"


@step(
    "Complete the task", name="complete_task", severity="critical", incident="P2",
    runbook="deploy#5", people=("manager", "operator"), writes=True,
)  # fmt: skip
def test_complete_the_task(journey: Journey) -> str:
    """Completed by the operator, the task is stored with that status, its time and duration."""
    journey.needs("login", "create_task", "upload_photo")
    task = journey.once("task", lambda: tasks.create_by_api(journey))
    journey.once("photo before", lambda: work.photo_before_by_api(journey, task))
    minutes = work.complete(journey, task)
    return f"OK ({tasks.by_api(journey)}{task.number}, {minutes} min)"


@step(
    "Check real-time updates", name="real_time", severity="critical", incident="P2",
    runbook="deploy#5", people=("operator or manager",),
)  # fmt: skip
def test_check_real_time_updates(journey: Journey) -> str:
    """What the manager does shows at the operator's, by a websocket, without a reload."""
    if not journey.environment.smoke.writes:
        return live.listen_only(journey)
    if journey.by_api:
        return live.notify(journey)
    return live.watch_a_task_appear(journey)
