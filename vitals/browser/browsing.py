"""The browser of a run: launched once, a context for each person, pictures and traces of a step."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitals.browser.errors import BrowserError, first_line
from vitals.browser.recorder import Recorder
from vitals.browser.telegram_script import answer_telegram_script
from vitals.browser.trace import redacted_trace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from playwright.sync_api import Browser, BrowserContext, Page

    from vitals.environment import Environment
    from vitals.redact import Redactor

_VIEWPORT = {"width": 1280, "height": 900}
_QUALITY = 60
_PICTURE_MS = 5000
_BLANK_MS = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """What the command line wants kept: `on`, `off` or `retain-on-failure` for each."""

    tracing: str = "retain-on-failure"
    video: str = "off"


@dataclass(slots=True)
class Tab:
    """A person's context, its one page, and what happened there."""

    context: BrowserContext
    page: Page
    recorder: Recorder


@dataclass(slots=True)
class Browsing:
    """One browser; `close` it before Playwright stops.

    Args:
        browser: launched.
        environment: where its people go.
        arguments: of every context, from the command line.
        keep: which traces and videos stay.
        folder: where pictures, traces and videos go.
    """

    browser: Browser
    environment: Environment
    arguments: Mapping[str, Any]
    keep: Keep
    folder: Path
    tabs: dict[str, Tab] = field(default_factory=dict)
    has_failed: bool = False

    def open(self, name: str, language: str) -> Tab:
        """A new context for a person, in place of the one that they had.

        Raises:
            BrowserError: the browser does not open one.
        """
        from playwright.sync_api import Error  # noqa: PLC0415 - only a run with a browser pays

        before = self.tabs.pop(name, None)
        try:
            state = before.context.storage_state() if before else None
            if before:
                before.context.close()
            self.tabs[name] = self._opened(language, state)
        except Error as fault:
            why = _why(fault, self.browser.browser_type.name)
            raise BrowserError(f"the browser opens no page for {name}: {why}") from None
        return self.tabs[name]

    def begin_step(self) -> None:
        """Begin a part of each trace."""
        if self._is_tracing:
            for tab in self.tabs.values():
                tab.context.tracing.start_chunk()

    def end_step(self, stem: str, redactor: Redactor, *, since: float, failed: bool) -> list[Path]:
        """Pictures of the tabs that something happened in, and on failure their traces, too.

        Args:
            stem: how the files of the step begin.
            since: when it began, in seconds of the monotonic clock.
            redactor: hides secrets inside traces.
            failed: whether the step needs to be looked into.
        """
        self.has_failed = self.has_failed or failed
        found = []
        for name, tab in self.tabs.items():
            was_used = tab.recorder.was_used(since)
            found += self._picture(tab, f"{stem}-{name}") if was_used else []
            is_kept = self.keep.tracing == "on" or (failed and was_used)
            found += self._trace(tab, f"{stem}-{name}", redactor, is_kept=is_kept)
        return found

    def abandon(self) -> None:
        """Close all tabs from within a signal handler, while something waits for one of them."""
        for tab in self.tabs.values():
            # Playwright's own loop runs in this thread, and its public calls would wait for it.
            loop: Any = tab.context._loop  # noqa: SLF001 - there is no public way
            close = tab.context._impl_obj.close  # noqa: SLF001 - same
            loop.call_soon_threadsafe(_as_task, loop, close)
        self.tabs.clear()

    def is_alive(self) -> bool:
        """Whether the browser can still open a blank page."""
        from playwright.sync_api import Error  # noqa: PLC0415 - only a run with a browser pays

        try:
            context = self.browser.new_context()
            page = context.new_page()
            page.set_default_timeout(_BLANK_MS)
            page.goto("about:blank")
            is_there = page.evaluate("1 + 1") == 2  # noqa: PLR2004 - arithmetic of a page that works
            context.close()
        except Error:
            return False
        return bool(is_there)

    def close(self) -> None:
        """Close all of it; a browser that died is closed already."""
        from playwright.sync_api import Error  # noqa: PLC0415 - only a run with a browser pays

        for name, tab in self.tabs.items():
            with contextlib.suppress(Error):
                tab.context.close()
                if tab.page.video and (self.keep.video == "on" or self.has_failed):
                    self.folder.mkdir(parents=True, exist_ok=True)
                    shutil.move(tab.page.video.path(), self.folder / f"{name}.webm")
        self.tabs.clear()
        with contextlib.suppress(Error):
            self.browser.close()

    @property
    def _is_tracing(self) -> bool:
        return self.keep.tracing != "off"

    def _opened(self, language: str, state: Any) -> Tab:
        context = self.browser.new_context(
            **{
                "viewport": _VIEWPORT,
                # Playwright takes no certificates of one's own; those are judged by the checks.
                "ignore_https_errors": bool(self.environment.network.ca_file),
                "proxy": {"server": p} if (p := self.environment.network.proxy) else None,
                "reduced_motion": "reduce",
                "storage_state": state,
                **self.arguments,
            }
        )
        recorder = Recorder()
        recorder.listen(context)
        urls = [u for t in ("web", "client") if (u := self.environment.target_url(t))]
        context.add_cookies([{"name": "locale", "value": language, "url": url} for url in urls])
        answer_telegram_script(context, self.environment)
        if self._is_tracing:
            context.tracing.start(snapshots=True, screenshots=self.keep.tracing == "on")
        return Tab(context, context.new_page(), recorder)

    def _picture(self, tab: Tab, stem: str) -> list[Path]:
        from playwright.sync_api import Error  # noqa: PLC0415 - only a run with a browser pays

        path = self.folder / f"{stem}.jpg"
        if tab.recorder.crashed or tab.page.url == "about:blank":
            return []
        with contextlib.suppress(Error, OSError):  # a full disk takes the picture, no finding
            self.folder.mkdir(parents=True, exist_ok=True)
            tab.page.screenshot(path=path, type="jpeg", quality=_QUALITY, timeout=_PICTURE_MS)
            return [path]
        return []

    def _trace(self, tab: Tab, stem: str, redactor: Redactor, *, is_kept: bool) -> list[Path]:
        from playwright.sync_api import Error  # noqa: PLC0415 - only a run with a browser pays

        if not self._is_tracing:
            return []
        path = self.folder / f"{stem}.trace.zip"
        # A full disk takes the trace, no finding; with its secrets it is never below the reports.
        with (
            contextlib.suppress(Error, OSError, zipfile.BadZipFile),
            tempfile.TemporaryDirectory(prefix="vitals-") as own,
        ):
            if not is_kept:
                tab.context.tracing.stop_chunk()
                return []
            draft = Path(own, "trace.zip")
            tab.context.tracing.stop_chunk(path=draft)
            self.folder.mkdir(parents=True, exist_ok=True)
            redacted_trace(draft, path, redactor)
            return [path]
        return []


def _as_task(loop: Any, close: Callable[[str], Any]) -> None:
    loop.create_task(close("the step was ended"))


def launched(launch: Callable[..., Browser], browser: str, arguments: Mapping[str, Any]) -> Browser:
    """The browser, or one sentence that says why there is none.

    Args:
        launch: of pytest-playwright: it knows the command line.
        browser: chromium, firefox or webkit.
        arguments: added to what the command line says.

    Raises:
        BrowserError: it is missing or does not start.
    """
    from playwright.sync_api import Error  # noqa: PLC0415 - only a run with a browser pays

    try:
        return launch(**arguments)
    except Error as fault:
        raise BrowserError(f"{browser} did not start: {_why(fault, browser)}") from None


def _why(fault: Exception, browser: str) -> str:
    """What a browser that does not start or open a page lacks, and what to do."""
    words = str(fault)
    if "ffmpeg" in words:
        return "--video needs Playwright's ffmpeg; playwright install ffmpeg, or leave --video out"
    if "DISPLAY" in words or "XServer" in words or "X server" in words:
        return "there is no display; leave out --headed, or use xvfb-run"
    if "Executable doesn't exist" in words:
        command = "make browser looks for one and installs it"
        if browser != "chromium":
            command = f"playwright install {browser} (the smoke path has not been tried in it)"
        return f"it is not installed; {command}"
    return f"{first_line(fault)}; start it by hand to see why"
