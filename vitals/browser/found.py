"""Which Chromium drives the smoke path: Playwright's own, or one that the system has."""

from __future__ import annotations

import json
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

COMMANDS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
)
MAC_APPS = ("Chromium", "Google Chrome", "Microsoft Edge")
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
)
"""Keep a browser from asking its maker for anything."""


def system_browser() -> Path | None:
    """The first installed Chromium, Chrome or Edge, or None."""
    for command in COMMANDS:
        if found := shutil.which(command):
            return Path(found)
    for app in MAC_APPS:
        if (path := Path("/Applications", f"{app}.app", "Contents/MacOS", app)).is_file():
            return path
    return None


def playwright_browser() -> Path | None:
    """The browser that Playwright downloaded for its installed version, or None."""
    spec = find_spec("playwright")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent / "driver/package"
    browsers = json.loads((package / "browsers.json").read_text())["browsers"]
    revision = next(each["revision"] for each in browsers if each["name"] == "chromium")
    chosen = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    caches = "Library/Caches" if sys.platform == "darwin" else ".cache"
    if chosen == "0":
        folder = package / ".local-browsers"
    else:
        folder = Path(chosen) if chosen else Path.home() / caches / "ms-playwright"
    names = ("chrome-linux*/chrome", "chrome-mac*/*.app/Contents/MacOS/*")
    return next(
        (
            path
            for name in names
            for path in folder.glob(f"chromium-{revision}/{name}")
            if os.access(path, os.X_OK)
        ),
        None,
    )


def launch_arguments(browser: str, channel: str | None) -> dict[str, object]:
    """What to launch a browser with, beside what the command line asks for.

    Args:
        browser: chromium, firefox or webkit.
        channel: a channel that was asked for, such as `msedge`; it is a browser of its own.

    Raises:
        FileNotFoundError: no Chromium, Chrome or Edge is installed.
    """
    if browser != "chromium":
        return {}
    sandbox = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
    found: dict[str, object] = {"args": [*QUIET, *sandbox]}
    if channel or playwright_browser():
        return found
    system = system_browser()
    if system is None:
        raise FileNotFoundError("no Chromium, Chrome or Edge is installed")
    return {**found, "executable_path": str(system)}
