"""A route's way through the guards to its handler, and of its result to the wire."""

import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Scope, Send

from standin.api.bodies import is_uuid
from standin.api.call import Call, Services, level_of
from standin.api.envelope import (
    JSON_TYPE,
    Answer,
    ApiError,
    failure,
    refused_by_schema,
    send_answer,
    success,
)
from standin.api.security import guard_against_forgery

Handler = Callable[[Call], Awaitable[Any]]

_LOG = logging.getLogger(__name__)
_ROLE_REFUSED = "Недостаточно прав для выполнения этого действия"


@dataclass(frozen=True)
class Endpoint:
    """One handler with its guards, in VendHub's order: throttle, CSRF, JWT, role, parameters.

    A route without `role` is public. An ASGI application.
    """

    services: Services
    method: str
    template: str
    handler: Handler
    role: str
    status: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong becomes an error body."""
        call = Call(self.services, scope, receive)
        started = time.perf_counter()
        try:
            self._guard(call)
            answer = self._wrapped(await self.handler(call))
        except Exception as error:  # noqa: BLE001 - every failure has to become an error body
            refusal = _refusal(error)
            answer = failure(refusal, scope, self.services.clock, self.services.faults)
        seconds = time.perf_counter() - started
        self.services.metrics.count_request(self.method, self.template, answer.status, seconds)
        await send_answer(send, answer, call.headers)

    def _guard(self, call: Call) -> None:
        services = self.services
        if services.settings.limits:
            services.throttles.admit(f"{self.method} {self.template}", call.caller, call.headers)
            if services.faults.on("rate-headers-lost"):
                call.headers.clear()
        if self.role:
            if not services.faults.on("auth-disabled"):
                guard_against_forgery(call.scope, services.settings)
            call.user = services.tokens.user_of(call)
            if call.user.level < level_of(self.role):
                raise ApiError(403, _ROLE_REFUSED)
        if not is_uuid(call.parameters.get("id", "") or "00000000-0000-0000-0000-000000000000"):
            raise ApiError(400, "Validation failed (uuid is expected)")

    def _wrapped(self, result: Any) -> Answer:
        if isinstance(result, Answer):
            return result
        if self.status == 204:  # noqa: PLR2004 - the one status without a body
            return Answer(b"", JSON_TYPE, self.status)
        body = success(result, self.services.clock, self.services.faults)
        return Answer(body, JSON_TYPE, self.status)


def _refusal(error: Exception) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, sqlite3.IntegrityError):
        return refused_by_schema(error)
    _LOG.warning("unhandled error", exc_info=error)
    return ApiError(500, str(error))
