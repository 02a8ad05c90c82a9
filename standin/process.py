"""The stand-in as a process: its ports, the READY line, its parent, and its end."""

import asyncio
import contextlib
import json
import logging
import os
import secrets
import signal
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from standin.api import create_api, seed
from standin.client import create_client
from standin.control import create_control
from standin.edge import edge_of_api, edge_of_client, edge_of_web
from standin.faults import Faults
from standin.listener import Listener
from standin.settings import Profile, Settings
from standin.tls import server_context
from standin.web import create_web

if TYPE_CHECKING:
    import ssl

_PARENT_LOOK_S = 0.25
_STDIN = 0


@dataclass(frozen=True)
class Options:
    """What the command line asked for; `parent` is the process id of whoever started this."""

    profile: Profile
    faults: Faults
    limits: bool
    tls: bool
    version: str
    parent: int


class _Ports:
    """API, web and Mini App on three hosts, so that none sees another's cookies, and the control.

    Where 127.0.0.2 cannot be bound, the API is 127.0.0.1 and the web goes by the name localhost;
    where 127.0.0.3 cannot be bound, the Mini App is another port of localhost.
    """

    def __init__(self, scheme: str) -> None:
        try:
            self.api = Listener("127.0.0.2")
            web_name = "127.0.0.1"
        except OSError:
            self.api = Listener("127.0.0.1")
            web_name = "localhost"
        self.web = Listener("127.0.0.1")
        try:
            self.client = Listener("127.0.0.3")
            client_name = "127.0.0.3"
        except OSError:
            self.client = Listener("127.0.0.1")
            client_name = "localhost"
        self.control = Listener("127.0.0.1")
        self.api_origin = f"{scheme}://{self.api.host}:{self.api.port}"
        self.web_origin = f"{scheme}://{web_name}:{self.web.port}"
        self.client_origin = f"{scheme}://{client_name}:{self.client.port}"
        self.control_origin = f"http://127.0.0.1:{self.control.port}"

    async def apply(self, faults: Faults) -> None:
        for listener, fault in ((self.api, "api-down"), (self.web, "web-down")):
            if faults.on(fault):
                listener.close()
            else:
                await listener.open()

    async def stop(self) -> None:
        listeners = (self.control, self.client, self.web, self.api)
        await asyncio.gather(*(listener.stop() for listener in listeners))


async def serve(options: Options, folder: Path) -> None:
    """Run until SIGTERM, SIGINT or the parent's end; `folder` takes all data and certificates.

    Raises:
        ssl.SSLError: when a TLS fault cannot be shown on this machine.
    """
    stop = _stop_event(options.parent)
    faults = options.faults
    tls: ssl.SSLContext | None = None
    ca_file: Path | None = None
    if options.tls:
        certificates = folder / "tls"
        certificates.mkdir()
        tls, ca_file = server_context(faults, certificates)
    ports = _Ports("https" if tls else "http")
    settings = Settings(
        profile=options.profile,
        data_dir=folder,
        api_origin=ports.api_origin,
        web_origin=ports.web_origin,
        client_origin=ports.client_origin,
        bot_token=f"{secrets.randbelow(9 * 10**8) + 10**8}:{secrets.token_urlsafe(26)}",
        jwt_secret=secrets.token_hex(32),
        limits=options.limits,
        version=options.version,
        secure_cookies=options.tls,
    )
    api = create_api(settings, faults)
    web = create_web(settings, faults, ports.api_origin)
    client = create_client(settings, faults, ports.api_origin)
    try:
        await ports.api.start(edge_of_api(api, faults), tls)
        await ports.web.start(edge_of_web(web, faults), tls)
        await ports.client.start(edge_of_client(client), tls)
        await ports.control.start(create_control(faults, lambda: ports.apply(faults)))
        await ports.apply(faults)
        await ports.client.open()
        await ports.control.open()
        sys.stdout.write(json.dumps(_ready(settings, ports, ca_file)) + "\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        logging.disable(logging.CRITICAL)  # requests that are cut off now are no news
        await ports.stop()


def _ready(settings: Settings, ports: _Ports, ca_file: Path | None) -> dict[str, Any]:
    return {
        "ready": True,
        "pid": os.getpid(),
        "profile": settings.profile,
        "api": ports.api_origin,
        "web": ports.web_origin,
        "client": ports.client_origin,
        "socket": ports.api_origin,
        "ca_file": str(ca_file) if ca_file else None,
        "storage_hosts": [ports.api.host],
        "control": ports.control_origin,
        "identities": {
            person.role: {
                "email": person.email,
                "password": person.password,
                "telegram_id": person.telegram_id,
            }
            for person in (seed.OWNER, seed.MANAGER, seed.OPERATOR)
        },
        "bot_token": settings.bot_token,
        "metrics_token": settings.metrics_token,
        "organization": seed.ORGANIZATION_ID,
        "machine": seed.SMOKE_MACHINE_ID,
        "version": settings.shown_version,
    }


def _stop_event(parent: int) -> asyncio.Event:
    """Return the event that SIGTERM, SIGINT and the end of the parent set.

    The parent's end shows in two portable ways: standard input, when it is a pipe, comes to its
    end at once; and the parent's process id changes, which is looked up four times a second.
    Linux's PR_SET_PDEATHSIG is not used: it fires when the *thread* that started this process
    ends, and test runners do start processes from short-lived threads.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def look_for_parent() -> None:
        if os.getppid() != parent:
            stop.set()
        else:
            loop.call_later(_PARENT_LOOK_S, look_for_parent)

    look_for_parent()

    def read_stdin() -> None:
        if not os.read(_STDIN, 4096):
            loop.remove_reader(_STDIN)
            stop.set()

    with contextlib.suppress(OSError):  # it may have been closed
        if stat.S_ISFIFO(os.fstat(_STDIN).st_mode):
            loop.add_reader(_STDIN, read_stdin)
    return stop
