"""Finds the Chromium that the smoke path drives, or gets one, and prints where it is.

The search costs no start of a browser. A failure is one sentence on stderr and exit 1:
health checks need no browser.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from vitals.browser.found import playwright_browser, system_browser

DOWNLOAD_SECONDS = 60
PACKAGE_SECONDS = 300
END_SECONDS = 10
PACKAGE_MANAGERS = {
    "apt-get": (("update", "-qq"), ("install", "-qq", "-y", "--no-install-recommends", "chromium")),
    "dnf": (("install", "-q", "-y", "chromium"),),
}


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
