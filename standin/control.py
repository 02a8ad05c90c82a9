"""The control port: faults are listed and switched while the stand-in runs."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from standin.faults import CATALOGUE, FaultError, Faults, fault_named


def create_control(faults: Faults, apply: Callable[[], Awaitable[None]]) -> ASGIApp:
    """Make `GET /faults`, `PUT /faults/NAME?value=` and `DELETE /faults/NAME`.

    Every success answers the set that is now on, after `apply` has opened or closed ports.
    404 for an unknown name, 400 for a wrong value, 409 for a fault that is chosen at start.
    """

    def active() -> Response:
        return JSONResponse({"active": faults.active, "catalogue": list(CATALOGUE)})

    async def show(_: Request) -> Response:
        return active()

    async def switch(request: Request) -> Response:
        try:
            fault = fault_named(request.path_params["name"])
        except FaultError as error:
            return JSONResponse({"error": str(error)}, status_code=404)
        if fault.is_only_at_start:
            message = f"{fault.name} is chosen at start: --fault {fault.name}"
            return JSONResponse({"error": message}, status_code=409)
        try:
            if request.method == "PUT":
                faults.turn_on(fault.name, request.query_params.get("value", ""))
            else:
                faults.turn_off(fault.name)
        except FaultError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        await apply()
        return active()

    return Starlette(
        routes=[
            Route("/faults", show),
            Route("/faults/{name}", switch, methods=["PUT", "DELETE"]),
        ]
    )
