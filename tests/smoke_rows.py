"""What each fault does to the smoke path: one row a fault."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smoke_runs import COMPLETE, CREATE, DASHBOARD, LIVE, LOGIN, SCRIPT, STEPS, UPLOAD

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Row:
    """What a fault does to a run of the smoke path.

    Attributes:
        faults: of the stand-in (NAME or NAME=VALUE).
        fails: the steps that FAIL, with a pattern of what their lines say.
        undecided: the same for steps that are INCONCLUSIVE.
        warned: the same for what is not critical.
        blocked: the steps that are BLOCKED, and the title that they are blocked by.
        level: incident level of the run.
        code: exit code.
        options: added to the command line.
        unpictured: the steps among `fails` that open no page, or whose tab is gone.
        is_asked: whether the API can be asked at the end what is open.
    """

    faults: tuple[str, ...]
    fails: Mapping[str, str] = field(default_factory=dict)
    undecided: Mapping[str, str] = field(default_factory=dict)
    warned: Mapping[str, str] = field(default_factory=dict)
    blocked: Mapping[str, str] = field(default_factory=dict)
    level: str = "P2"
    code: int = 1
    options: tuple[str, ...] = ()
    unpictured: tuple[str, ...] = ()
    is_asked: bool = True


def within(seconds: float, *names: str) -> tuple[str, ...]:
    """Options that give steps (else: each of them) another deadline."""
    return tuple(
        word
        for name in names or STEPS
        for word in ("--set", f"smoke.steps.{name}.deadline_ms={seconds * 1000:.0f}")
    )


def _behind(title: str, *titles: str) -> dict[str, str]:
    return dict.fromkeys(titles, title)


_BY_LOGIN = _behind(LOGIN, UPLOAD, COMPLETE, LIVE)
_BY_CREATE = _behind(CREATE, UPLOAD, COMPLETE, LIVE)
_UNSEEN = r"expected TASK-\d{8}-\d{4} in the operator's list within 3 s, without a reload, got "
_REFUSED = r"init data signed by another bot to be refused \(401\), got "

ROWS = (
    Row(
        faults=("init-data-refused",),
        fails={LOGIN: r"FAILED \(expected a login of operator \(200\), got 401 .*signature"},
        blocked=_BY_LOGIN,
    ),
    Row(
        faults=("telegram-script-missing",),
        fails={LOGIN: r"FAILED \(expected the Mini App to load .*, got no window\.Telegram"},
        warned={SCRIPT: r"got no window\.Telegram: the page loads no script of .* \(warning\)"},
        blocked=_BY_LOGIN,
    ),
    Row(
        faults=("demo-figures",),
        fails={DASHBOARD: r"expected Заказы \d+, as /orders/stats answers, got 247 \(a built-in"},
    ),
    Row(
        faults=("dead-button",),
        fails={CREATE: r"got «Сохранить» sent nothing; nothing of it in (5|6|7|8)\.\d s"},
        blocked=_BY_CREATE,
    ),
    Row(
        faults=("task-not-listed",),
        fails={CREATE: r"expected (TASK-\S+) in GET /tasks\?search=\1, got 0 tasks of that number"},
        blocked=_BY_CREATE,
    ),
    Row(
        faults=("upload-lost",),
        fails={UPLOAD: r"expected the \d{5} bytes that were uploaded, got 404 from the storage"},
        blocked={COMPLETE: UPLOAD},
        level="P1",
    ),
    Row(
        faults=("photo-bytes-changed",),
        fails={UPLOAD: r"expected the (\d{5}) bytes that were uploaded, got \d+ bytes that differ"},
        blocked={COMPLETE: UPLOAD},
        level="P1",
    ),
    Row(
        faults=("completion-lost",),
        fails={COMPLETE: r"stored as completed, as its completion was answered, got in_progress"},
        level="P1",
    ),
    Row(
        faults=("event-never",),
        fails={LIVE: _UNSEEN + r"no event about it came over the operator's websocket"},
    ),
    Row(
        faults=("events-by-polling",),
        fails={LIVE: r"welcomed by notifications:init, got .*websocket error: .*code: 400"},
    ),
    Row(
        faults=("event-wrong-person",),
        fails={LIVE: _UNSEEN + r"no event about it came over the operator's websocket"},
    ),
    Row(
        faults=("page-needs-reload",),
        fails={LIVE: _UNSEEN + r"its event came by websocket after \d\.\d\d s, and the page does"},
    ),
    Row(
        faults=("tasks-script-missing",),
        fails={CREATE: r"the page's script GET /_next/static/chunks/\w+\.js answered 404"},
        blocked=_BY_CREATE,
        options=within(6, "create_task"),
    ),
    Row(
        faults=("tab-crash",),
        fails={CREATE: r"got a tab that the page crashed, in a new context again"},
        blocked=_BY_CREATE,
        unpictured=(CREATE,),
    ),
    Row(
        faults=("api-slow=3",),
        fails={
            LOGIN: r"expected init data signed 150 s ago .*, got no answer within \d\.\d+ s",
            DASHBOARD: r"nothing of it in 5\.\d s: GET /api/v1/\S+ has no answer yet",
            CREATE: r"nothing of it in 5\.\d s: GET /api/v1/\S+ has no answer yet",
        },
        blocked=_BY_LOGIN,
        options=within(5),
        unpictured=(LOGIN,),
    ),
    Row(
        faults=("throttle-storm",),
        undecided={
            LOGIN: rf"UNDECIDED \(expected {_REFUSED}429 ",
            DASHBOARD: r"UNDECIDED \(expected a login of manager \(200\), got 429 ",
        },
        blocked={CREATE: DASHBOARD, **_BY_LOGIN},
        code=6,
        is_asked=False,
    ),
    Row(
        faults=("api-down",),
        fails={
            LOGIN: rf"FAILED \(expected {_REFUSED}connection refused",
            DASHBOARD: r"FAILED \(expected a login of manager \(200\), got 50\d",
        },
        blocked={CREATE: DASHBOARD, **_BY_LOGIN},
        unpictured=(LOGIN,),
        is_asked=False,
    ),
)
