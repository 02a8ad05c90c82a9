"""Uploaded files: kept in the data directory, readable back at the answered URL (facts 5.3)."""

import hashlib
import re
import secrets
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, unquote

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse
from starlette.types import Receive, Scope, Send

from standin.api.call import Call
from standin.api.database import Row
from standin.api.envelope import ApiError, url_of
from standin.settings import Settings

PUBLIC_PREFIX = "/storage-files/"
IMAGE_LIMIT_BYTES = 10 * 1024 * 1024
UPLOAD_LIMIT_BYTES = 100 * 1024 * 1024

_MAGIC = {
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
}
_SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp"}
_TYPES = {suffix: kind for kind, suffix in _SUFFIXES.items()} | {".jpeg": "image/jpeg"}
_LEAST_BYTES = 12
_CATEGORIES = ("image", "document", "video", "audio", "other")
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


async def config(_call: Call) -> Row:
    """Tell the limits."""
    return {
        "maxFileSize": UPLOAD_LIMIT_BYTES,
        "categories": {"image": {"maxSize": IMAGE_LIMIT_BYTES, "mimeTypes": list(_MAGIC)}},
    }


async def upload(call: Call) -> Row:
    """Keep one multipart file; an image is believed by its first bytes only."""
    try:
        form = await Request(call.scope, call.receive).form(max_files=1)
    except (HTTPException, AssertionError) as error:
        raise ApiError(400, "Malformed multipart body") from error
    try:
        file, folder = form.get("file"), form.get("folder") or "general"
        category = form.get("category") or "other"
        if not isinstance(file, UploadFile):
            raise ApiError(400, "File is required")
        if not isinstance(folder, str) or category not in _CATEGORIES:
            raise ApiError(400, "Validation failed", "VALIDATION_ERROR", ["category is unknown"])
        content = await file.read(UPLOAD_LIMIT_BYTES + 1)
        mime_type = file.content_type or "application/octet-stream"
        name = Path(file.filename or "file").name
    finally:
        await form.close()
    _refuse_content(content, mime_type, category)
    key = _key(call, folder, name, mime_type)
    path = _path_of(call.services.settings, key)
    if not call.services.faults.on("upload-lost"):
        is_changed = call.services.faults.on("photo-bytes-changed")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if is_changed else content)
    url = f"{call.services.settings.api_origin}{PUBLIC_PREFIX}{quote(key)}"
    return {
        "key": key,
        "url": url,
        "cdnUrl": url,
        "size": len(content),
        "mimeType": mime_type,
        "etag": f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"',
    }


async def exists(call: Call) -> Row:
    """Tell whether a key is there."""
    return {"exists": _path_of(call.services.settings, _own_key(call)).is_file()}


async def delete(call: Call) -> None:
    """Remove a file; a key that is not there is fine, as with S3."""
    _path_of(call.services.settings, _own_key(call)).unlink(missing_ok=True)


async def serve(settings: Settings, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a stored file as a bucket would: public, typed by its suffix, without the envelope."""
    path = _path_of(settings, scope["path"].removeprefix(PUBLIC_PREFIX))
    if scope["method"] not in {"GET", "HEAD"} or not path.is_file():
        missing = PlainTextResponse("NoSuchKey", HTTPStatus.NOT_FOUND)
        await missing(scope, receive, send)
        return
    mime_type = _TYPES.get(path.suffix, "application/octet-stream")
    headers = {"Cache-Control": "public, max-age=31536000", "X-Content-Type-Options": "nosniff"}
    await FileResponse(path, media_type=mime_type, headers=headers)(scope, receive, send)


def _refuse_content(content: bytes, mime_type: str, category: str) -> None:
    if not content:
        raise ApiError(400, "File is empty")
    if len(content) > UPLOAD_LIMIT_BYTES:
        raise ApiError(413, "File too large")
    if category != "image":
        return
    if mime_type not in _MAGIC:
        raise ApiError(400, f"File type {mime_type} is not allowed for category image")
    if len(content) > IMAGE_LIMIT_BYTES:
        raise ApiError(400, "File size exceeds the limit of 10 MB")
    is_genuine = len(content) >= _LEAST_BYTES and content.startswith(_MAGIC[mime_type])
    if mime_type == "image/webp":
        is_genuine = is_genuine and content[8:12] == b"WEBP"
    if not is_genuine:
        raise ApiError(400, "File content does not match its type")


def _key(call: Call, folder: str, name: str, mime_type: str) -> str:
    parts = [_UNSAFE.sub("-", part) for part in folder.split("/")]
    folders = "/".join(part for part in parts if part.strip("-")) or "general"
    stem, suffix = Path(name).stem, Path(name).suffix.lower()
    if not re.fullmatch(r"\.[a-z0-9]{1,8}", suffix):
        suffix = _SUFFIXES.get(mime_type, ".bin")
    unique = f"{round(call.services.clock.now() * 1000)}-{secrets.token_hex(8)}"
    safe_stem = _UNSAFE.sub("-", stem)[:80]
    return f"org/{call.user.organization_id}/{folders}/{safe_stem}-{unique}{suffix}"


def _own_key(call: Call) -> str:
    """The key in the path, with its slashes encoded; raises ApiError 403 for another tenant's."""
    key = unquote(url_of(call.scope).partition("?")[0].rsplit("/", 1)[-1])
    if not key.startswith(f"org/{call.user.organization_id}/") and not call.user.is_owner:
        raise ApiError(403, "Нет доступа к данной организации")
    return key


def _path_of(settings: Settings, key: str) -> Path:
    root = settings.data_dir / "files"
    path = (root / key).resolve()
    if not path.is_relative_to(root.resolve()):
        return root / "outside"
    return path
