"""A page and everything that it needs to run: its scripts and style sheets, all at once."""

from __future__ import annotations

import asyncio
import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from vitals.probe import destination
from vitals.probe.body import Bound
from vitals.probe.fault import printable
from vitals.probe.http import Ask, fetch, foreign
from vitals.probe.sample import Kind, PageSample

if TYPE_CHECKING:
    from vitals.probe.prober import Prober
    from vitals.probe.sample import Sample
    from vitals.probe.spec import Page

ASSETS_AT_MOST = 60
"""Assets that are requested; a page of the product has fewer than half of that."""

ASSET_BOUND = Bound(read=20_000_000, keep=4096)
"""A bundle may be larger than an answer of the API; its beginning tells what it is."""

_SLICE = 16_384  # characters given to the parser at a time
_PATIENCE = 0.5  # seconds for reading one page: hostile markup makes a parser quadratic


async def send(prober: Prober, spec: Page) -> PageSample:
    """The page, then what it names on hosts of the environment file."""
    base = prober.environment.target_url(spec.target) or ""
    ask = Ask(probe=spec, url=base.rstrip("/") + spec.path, follow=True)
    page = await fetch(prober, ask)
    assets: list[Sample] = []
    detail = page.detail
    if page.kind is Kind.ANSWERED:
        reader, detail = await _read(page)
        base = destination.absolute(page.url, reader.base) or page.url
        names = [destination.absolute(base, name) or name for name in reader.names]
        chosen = list(dict.fromkeys(names))[:ASSETS_AT_MOST]
        assets = await asyncio.gather(*(_asset(prober, spec, page.url, name) for name in chosen))
    return PageSample(
        probe=spec,
        kind=page.kind,
        started_at=page.started_at,
        at=page.at,
        duration=prober.clock.now() - page.at,
        detail=detail,
        phases=page.phases,
        page=page,
        assets=tuple(assets),
    )


async def _asset(prober: Prober, spec: Page, page_url: str, name: str) -> Sample:
    url = destination.absolute(page_url, name)
    if url is None:
        return foreign(prober, Ask(probe=spec, url=printable(name)), "it is no URL")
    ask = Ask(probe=spec, url=url, source=page_url, follow=True, bound=ASSET_BOUND)
    if reason := destination.refusal(url, source=page_url, environment=prober.environment):
        return foreign(prober, ask, reason)
    return await fetch(prober, ask)


async def _read(page: Sample) -> tuple[_Reader, str]:
    """What a page names, and in words what was left out."""
    reader = _Reader()
    text = page.text
    until = time.monotonic() + _PATIENCE
    for start in range(0, len(text), _SLICE):
        reader.feed(text[start : start + _SLICE])
        if time.monotonic() > until:
            return reader, f"the page was given up after {start + _SLICE} of {len(text)} characters"
        await asyncio.sleep(0)  # the other probes' answers are read in between
    left_out = len(reader.names) - ASSETS_AT_MOST
    words = f"{left_out} of {len(reader.names)} assets were not requested"
    return reader, words if left_out > 0 else ""


class _Reader(HTMLParser):
    """Collects `script src` and `link rel=stylesheet`; `names` keeps their order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.names: dict[str, None] = {}
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the asset of a tag, if it names one."""
        values = dict(attrs)
        name = None
        if tag == "base":
            self.base = self.base or values.get("href") or ""
        elif tag == "script":
            name = values.get("src")
        elif tag == "link" and "stylesheet" in (values.get("rel") or "").lower().split():
            name = values.get("href")
        if name:
            self.names[name] = None
