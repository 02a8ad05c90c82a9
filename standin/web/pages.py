"""The admin web's pages: which there are, and what each of them is made of."""

import html
from dataclasses import dataclass
from pathlib import Path

from standin.faults import Faults
from standin.settings import Settings
from standin.web.build import Build, Layout

LAYOUT = Layout(
    scripts="/_next/static/chunks/{hash}.js",
    styles="/_next/static/css/{hash}.css",
    manifest="/_next/static/{id}/_buildManifest.js",
    pages=("/", "/auth", "/dashboard", "/dashboard/tasks", "/dashboard/tasks/new"),
)
FOLDER = Path(__file__).parent

# What a page's scripts do wrong themselves; they read it from the page's root element.
_FAULTS_OF_SCRIPTS = ("demo-figures", "dead-button", "page-needs-reload", "tab-crash")
_SHARED = ("manifest", "client", "session", "socket", "live")


@dataclass(frozen=True)
class Panel:
    """A page behind the login: its scripts, and the link of the navigation that is current."""

    current: str
    scripts: tuple[str, ...]


PANELS = {
    "dashboard": Panel("dashboard", ("task_text", "dashboard")),
    "tasks": Panel("tasks", ("task_text", "task_actions", "tasks")),
    "task_new": Panel("tasks", ("task_text", "task_new")),
    "task_new_os": Panel("tasks", ("task_text", "task_new_os")),
    "task": Panel("tasks", ("task_text", "task")),
    "task_os": Panel("tasks", ("task_text", "task_os")),
}
_OF_VENDHUB_OS = {"task_new": "task_new_os", "task": "task_os"}


def new_build(release: str) -> Build:
    """Return the admin web's build of a release."""
    return Build(FOLDER, LAYOUT, release)


def rendered(build: Build, name: str, language: str, settings: Settings, faults: Faults) -> str:
    """Write a page as HTML."""
    if not settings.is_complete:
        name = _OF_VENDHUB_OS.get(name, name)
    active = [fault for fault in _FAULTS_OF_SCRIPTS if faults.on(fault)]
    values = {
        "profile": settings.profile,
        "faults": " ".join(active),
        "socket": html.escape(settings.api_origin) if settings.is_complete else "",
        "count": "" if settings.is_complete else "3",  # the product's constant (facts 4)
    }
    panel = PANELS.get(name)
    if panel is None:
        return build.page(name, language, values)
    values["main"] = build.page(name, language, values)
    values["scripts"] = "\n".join(
        f'<script src="{build.urls[script]}" defer></script>' for script in _SHARED + panel.scripts
    )
    for link in ("dashboard", "tasks"):
        values[f"{link}_current"] = 'aria-current="page"' if link == panel.current else ""
    return build.page("frame", language, values)
