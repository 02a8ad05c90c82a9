"""One build of the admin web: its files under hashed URLs, and its pages that refer to them."""

import hashlib
import html
import json
import string
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

LANGUAGES = ("ru", "uz", "en")

_HERE = Path(__file__).parent
_MANIFEST = b"self.__BUILD_MANIFEST={sortedPages:[%s]};self.__BUILD_MANIFEST_CB?.();"
_JAVASCRIPT = "application/javascript; charset=UTF-8"
_CSS = "text/css; charset=UTF-8"


@dataclass(frozen=True)
class Asset:
    """A file of the build: its role (`auth`, `style`, ...), its URL path, type and bytes."""

    role: str
    path: str
    content_type: str
    body: bytes


class Build:
    """The files of `static/` and the pages of `templates/` as one release serves them.

    `release` goes into every hash, so that another release has other URLs and another build id.
    """

    def __init__(self, release: str) -> None:
        self._release = release
        self._templates = {
            file.stem: string.Template(file.read_text(encoding="utf-8"))
            for file in (_HERE / "templates").glob("*.html")
        }
        self._messages: dict[str, dict[str, Any]] = json.loads(
            (_HERE / "messages.json").read_text(encoding="utf-8")
        )

    @cached_property
    def id(self) -> str:
        """The build id, as it stands in the manifest's URL."""
        return self._hash(b"".join(file.read_bytes() for file in _static_files()))[:21]

    @cached_property
    def assets(self) -> dict[str, Asset]:
        """The build's files by their URL path."""
        assets = [self._asset(file) for file in _static_files()]
        pages = ",".join(json.dumps(page) for page in ("/", "/auth", "/dashboard"))
        manifest = _MANIFEST % pages.encode()
        path = f"/_next/static/{self.id}/_buildManifest.js"
        assets.append(Asset("manifest", path, _JAVASCRIPT, manifest))
        return {asset.path: asset for asset in assets}

    def page(self, name: str, language: str, profile: str) -> str:
        """Render a page; an unknown language is Russian, as the product has it."""
        lang = language if language in LANGUAGES else LANGUAGES[0]
        messages = self._messages[lang]
        texts = {key: html.escape(text) for key, text in messages.items() if isinstance(text, str)}
        urls = {asset.role: asset.path for asset in self.assets.values()}
        embedded = json.dumps(messages, ensure_ascii=False).replace("<", "\\u003c")
        urls = {f"{role}_url": path for role, path in urls.items()}
        return self._templates[name].substitute(
            texts, **urls, lang=lang, profile=profile, messages=embedded
        )

    def _asset(self, file: Path) -> Asset:
        body = file.read_bytes()
        name = self._hash(body)[:16]
        if file.suffix == ".css":
            return Asset("style", f"/_next/static/css/{name}.css", _CSS, body)
        return Asset(file.stem, f"/_next/static/chunks/{name}.js", _JAVASCRIPT, body)

    def _hash(self, body: bytes) -> str:
        return hashlib.sha256(self._release.encode() + b"\0" + body).hexdigest()


def _static_files() -> list[Path]:
    return sorted((_HERE / "static").iterdir())
