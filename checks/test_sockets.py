"""Do real-time connections work, and only for those who may?"""

from vitals import Get, Sample, Socket, SocketSample, check, expect, require

NOTIFICATIONS = Socket("socket", "/notifications", token="this-is-not-a-token")  # noqa: S106 - worthless on purpose


@check(
    "Sockets", severity="critical", incident="P2", runbook="deploy#5", stands_on="API Health",
    handshake=Get("socket", "/socket.io/?EIO=4&transport=polling"),
    notifications=NOTIFICATIONS,
)  # fmt: skip
def test_sockets_answer(handshake: Sample, notifications: SocketSample) -> str:
    """The handshake offers websocket, and the namespace answers over one."""
    expect(handshake).status(200).contains('"sid"', '"upgrades":["websocket"]')
    expect(notifications).answered("a websocket")
    refused = notifications.event("connect_error")
    require(
        notifications.event("connect") is not None,
        expected="namespace /notifications to connect",
        observed=f"{refused.data}" if refused else "nothing",
        of=notifications,
    )
    return "OK (websocket, /notifications)"


@check(
    "Socket authentication", severity="critical", incident="P2", runbook="deploy#5",
    stands_on="Sockets",
    notifications=NOTIFICATIONS,
)  # fmt: skip
def test_a_bad_token_is_turned_away(notifications: SocketSample) -> str:
    """It connects first and is dropped after (facts, 6): connected is not accepted."""
    expect(notifications).answered("a websocket")
    names = [event.name for event in notifications.events]
    expected = "a bad token to be turned away"
    has_connected = "connect" in names
    require(has_connected, expected=expected, observed="no connection", is_bare=True)
    told = [name for name in names if name not in {"connect", "disconnect"}]
    require(
        not told, expected=expected, observed=f"it was told {', '.join(told)}", of=notifications
    )
    require(
        "disconnect" in names,
        expected=expected,
        observed=f"it was still connected after {notifications.duration:.1f} s",
        of=notifications,
    )
    return "OK (a bad token is dropped)"
