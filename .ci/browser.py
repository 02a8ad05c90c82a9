"""Finds the Chromium that the smoke path drives, or gets one, and prints where it is.

The search costs no start of a browser. A failure is one sentence on stderr and exit 1:
health checks need no browser.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
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
DOWNLOAD_SECONDS = 60
PACKAGE_SECONDS = 300
END_SECONDS = 10
PACKAGE_MANAGERS = {
    "apt-get": (("update", "-qq"), ("install", "-qq", "-y", "--no-install-recommends", "chromium")),
    "dnf": (("install", "-q", "-y", "chromium"),),
}


def system_browser() -> Path | None:
    """Return the first installed Chromium, Chrome or Edge, or None."""
    for command in COMMANDS:
        if found := shutil.which(command):
            return Path(found)
    for app in MAC_APPS:
        if (path := Path("/Applications", f"{app}.app", "Contents/MacOS", app)).is_file():
            return path
    return None


def playwright_browser() -> Path | None:
    """Return the browser that Playwright downloaded for its installed version, or None."""
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


def is_done(command: list[str], seconds: float) -> bool:
    """Run a command without a word, with all that it starts ended after `seconds`."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        return process.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if process.poll() is None:
                os.killpg(process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(END_SECONDS)


def download() -> Path | None:
    """Let Playwright download its browser; None also where that browser cannot start here."""
    print("browser: none found, Playwright downloads one", flush=True)
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    if not is_done(command, DOWNLOAD_SECONDS):
        return None
    path = playwright_browser()
    return path if path and is_done([str(path), "--version"], DOWNLOAD_SECONDS) else None


def install() -> Path | None:
    """Install Chromium with the system's package manager, which only root may."""
    if os.geteuid() != 0:
        return None
    for manager, steps in PACKAGE_MANAGERS.items():
        if shutil.which(manager):
            print(f"browser: {manager} installs Chromium", flush=True)
            for step in steps:
                is_done([manager, *step], PACKAGE_SECONDS)
            return system_browser()
    return None


def main() -> int:
    """Print the browser's path, or say on stderr that there is none."""
    for way in (system_browser, playwright_browser, download, install):
        if path := way():
            print(f"browser: {path}")
            return 0
    print(
        "browser: none; smoke/ cannot run until Chromium, Chrome or Edge is installed",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
