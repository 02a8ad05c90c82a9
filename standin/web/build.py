"""One build of a site: its files under hashed URLs, its templates and its messages."""

import hashlib
import html
import json
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

LANGUAGES = ("ru", "uz", "en")

_MANIFEST = b"self.__BUILD_MANIFEST={sortedPages:[%s]};self.__BUILD_MANIFEST_CB?.();"
_JAVASCRIPT = "application/javascript; charset=UTF-8"
_CSS = "text/css; charset=UTF-8"


@dataclass(frozen=True)
class Layout:
    """How a build names its files: patterns with `{stem}` and `{hash}`; a manifest's with `{id}`.

    A build without `manifest` has none; `pages` are what it lists.
    """

    scripts: str
    styles: str
    manifest: str = ""
    pages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asset:
    """A file of the build: its role (`auth`, `style`, ...), its URL path, type and bytes."""

    role: str
    path: str
    content_type: str
    body: bytes


class Build:
    """What lies in `static/`, `templates/` and `messages/` of a folder, as one release serves it.

    `release` goes into every hash, so that another release has other URLs and another build id.
    """

    def __init__(self, folder: Path, layout: Layout, release: str) -> None:
        self._layout = layout
        self._release = release
        self._files = sorted((folder / "static").iterdir())
        self._templates = {
            file.stem: string.Template(file.read_text(encoding="utf-8"))
            for file in (folder / "templates").glob("*.html")
        }
        self._messages: dict[str, dict[str, Any]] = {
            language: json.loads((folder / "messages" / f"{language}.json").read_text("utf-8"))
            for language in LANGUAGES
        }

    @cached_property
    def id(self) -> str:
        """The build id, as it stands in the manifest's URL."""
        return self._hash(b"".join(file.read_bytes() for file in self._files))[:21]

    @cached_property
    def assets(self) -> dict[str, Asset]:
        """The build's files by their URL path."""
        assets = [self._asset(file) for file in self._files]
        if self._layout.manifest:
            pages = ",".join(json.dumps(page) for page in self._layout.pages)
            path = self._layout.manifest.format(id=self.id)
            assets.append(Asset("manifest", path, _JAVASCRIPT, _MANIFEST % pages.encode()))
        return {asset.path: asset for asset in assets}

    @cached_property
    def urls(self) -> dict[str, str]:
        """The URL path of every file by its role."""
        return {asset.role: asset.path for asset in self.assets.values()}

    def page(self, name: str, language: str, values: Mapping[str, str]) -> str:
        """Fill a template with messages, URLs and `values`, which are HTML already.

        An unknown language is Russian, as the product has it.
        """
        lang = language if language in LANGUAGES else LANGUAGES[0]
        messages = self._messages[lang]
        texts = {key: html.escape(text) for key, text in messages.items() if isinstance(text, str)}
        embedded = json.dumps(messages, ensure_ascii=False).replace("<", "\\u003c")
        urls = {f"{role}_url": path for role, path in self.urls.items()}
        return self._templates[name].substitute(
            {**texts, **urls, "lang": lang, "messages": embedded, **values}
        )

    def _asset(self, file: Path) -> Asset:
        body = file.read_bytes()
        name = {"stem": file.stem, "hash": self._hash(body)[:16]}
        if file.suffix == ".css":
            return Asset("style", self._layout.styles.format(**name), _CSS, body)
        return Asset(file.stem, self._layout.scripts.format(**name), _JAVASCRIPT, body)

    def _hash(self, body: bytes) -> str:
        return hashlib.sha256(self._release.encode() + b"\0" + body).hexdigest()
