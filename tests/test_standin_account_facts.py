"""Holds logins, tokens and cookies of the stand-in to what is known; one row a fact."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from standin_fact import VENDHUB_OS, Fact, Facts, both_profiles, data, refused
from standin_visitor import PASSWORD, Visitor, init_data

fact = Facts[None]()


@fact("bad tokens are 401, each with its own message")
def _(visitor: Visitor) -> None:
    good = visitor.manager().token
    head, payload, _ = good.split(".")
    for token, message in (
        ("nonsense", "jwt malformed"),
        ("a.b.c", "invalid token"),
        (f"{head}.{payload}.AAAA", "invalid signature"),
    ):
        sent = {"Authorization": f"Bearer {token}"}
        answer = visitor.http.get("/api/v1/auth/me", headers=sent)
        refused(answer, 401, "UNAUTHORIZED", message)


@fact("a login answers the user, both tokens and their ages")
def _(visitor: Visitor) -> None:
    sent = {"email": "manager@demo.uz", "password": PASSWORD}
    login = data(visitor.http.post("/api/v1/auth/login", json=sent))
    assert (login["accessTokenExpiresIn"], login["refreshTokenExpiresIn"]) == (900, 604_800)
    assert {"accessToken", "refreshToken", "sessionId"} < set(login)
    assert login["mustChangePassword"] is False
    assert "organizationId" not in login["user"]
    assert login["user"]["role"] == "manager"


@fact("cookies: names, ages, HttpOnly, Path, SameSite")
def _(visitor: Visitor) -> None:
    sent = {"email": "manager@demo.uz", "password": PASSWORD}
    answer = visitor.http.post("/api/v1/auth/login", json=sent)
    access, refresh = answer.headers.get_list("set-cookie")
    assert access.startswith("vendhub_access_token=")
    assert "Max-Age=900" in access
    assert refresh.startswith("vendhub_refresh_token=")
    assert "Max-Age=604800" in refresh
    for cookie in (access, refresh):
        assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


@fact("the access token's claims")
def _(visitor: Visitor) -> None:
    head, payload, _ = visitor.manager().token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert json.loads(base64.urlsafe_b64decode(head + "=="))["alg"] == "HS256"
    assert (claims["iss"], claims["aud"]) == ("vendhub-api", "vendhub-users")
    assert claims["exp"] - claims["iat"] == 900
    assert {"sub", "email", "role", "organizationId", "sessionId", "jti"} < set(claims)


@fact("/auth/me tells user, organization and session")
def _(visitor: Visitor) -> None:
    me = data(visitor.manager().http.get("/api/v1/auth/me"))
    assert me["organizationId"] == visitor.ready["organization"]
    assert {"id", "email", "role", "firstName", "lastName", "sessionId", "jti"} < set(me)


@fact("the cookie beats the bearer")
def _(visitor: Visitor) -> None:
    sent = {"email": "manager@demo.uz", "password": PASSWORD}
    visitor.http.post("/api/v1/auth/login", json=sent)
    bearer = {"Authorization": f"Bearer {visitor.operator().token}"}
    me = data(visitor.http.get("/api/v1/auth/me", headers=bearer))
    assert me["role"] == "manager"


@fact("a refresh rotates: the old token dies at once, the session stays")
def _(visitor: Visitor) -> None:
    sent = {"email": "manager@demo.uz", "password": PASSWORD}
    login = data(visitor.client().post("/api/v1/auth/login", json=sent))
    old = {"refreshToken": login["refreshToken"]}
    first = visitor.client().post("/api/v1/auth/refresh", json=old)
    assert data(first)["accessToken"] != login["accessToken"]
    assert len(first.headers.get_list("set-cookie")) == 2
    refused(visitor.client().post("/api/v1/auth/refresh", json=old), 401, "UNAUTHORIZED")


@fact("a logout revokes both tokens")
def _(visitor: Visitor) -> None:
    sent = {"email": "manager@demo.uz", "password": PASSWORD}
    login = data(visitor.client().post("/api/v1/auth/login", json=sent))
    client = visitor.client(Authorization=f"Bearer {login['accessToken']}")
    assert client.post("/api/v1/auth/logout").status_code == 200
    refused(client.get("/api/v1/auth/me"), 401, "UNAUTHORIZED", "Token has been revoked")
    old = {"refreshToken": login["refreshToken"]}
    refused(visitor.client().post("/api/v1/auth/refresh", json=old), 401, "UNAUTHORIZED")


@fact("five failures lock every password login from the address, Telegram still works")
def _(visitor: Visitor) -> None:
    path = "/api/v1/auth/login"
    wrong = {"email": "stranger@demo.uz", "password": "Wrong123!"}
    invalid = {"email": "stranger@demo.uz", "password": "x"}
    assert visitor.http.post(path, json=invalid).status_code == 400
    for _ in range(5):
        refused(visitor.http.post(path, json=wrong), 401, "UNAUTHORIZED")
    right = {"email": "manager@demo.uz", "password": PASSWORD}
    refused(visitor.http.post(path, json=right), 403, "FORBIDDEN", "Too many failed attempts")
    assert visitor.telegram(700_000_003).status_code == 200
    elsewhere = visitor.client(**{"X-Forwarded-For": "198.51.100.7"})
    assert elsewhere.post(path, json=right).status_code == 200


@fact("Telegram: 50 s old and a day ahead pass; replays pass")
def _(visitor: Visitor) -> None:
    signed = {"initData": init_data(700_000_003, visitor.ready["bot_token"], 50)}
    for _ in range(2):
        login = data(visitor.http.post("/api/v1/auth/telegram", json=signed))
        assert login["user"]["role"] == "operator"
    assert visitor.telegram(700_000_003, age_s=-86_400).status_code == 200


@fact("Telegram: four refusals, four messages, all 401")
def _(visitor: Visitor) -> None:
    code = "UNAUTHORIZED"
    empty = visitor.http.post("/api/v1/auth/telegram", json={})
    refused(empty, 401, code, "Missing hash in Telegram initData")
    forged = visitor.telegram(700_000_003, bot_token="1:forged")
    refused(forged, 401, code, "Invalid Telegram signature")
    old = visitor.telegram(700_000_003, age_s=62)
    refused(old, 401, code, "Telegram auth data has expired")
    refused(visitor.telegram(1), 401, code, "No account linked to this Telegram ID")


@fact("Telegram: the organization is null for VendHub-OS only")
def _(visitor: Visitor) -> None:
    organization = data(visitor.telegram(700_000_003))["user"]["organization"]
    assert (organization is not None) == visitor.is_complete


@fact("Telegram: a pending account gets tokens that then fail", VENDHUB_OS)
def _(visitor: Visitor) -> None:
    token = data(visitor.telegram(700_000_005))["accessToken"]
    sent = visitor.client(Authorization=f"Bearer {token}")
    refused(sent.get("/api/v1/auth/me"), 401, "UNAUTHORIZED")
    refused(visitor.telegram(700_000_006), 403, "FORBIDDEN")


@fact("pending and suspended accounts are 403 at the password login")
def _(visitor: Visitor) -> None:
    for email in ("pending@demo.uz", "suspended@demo.uz"):
        sent = {"email": email, "password": PASSWORD}
        refused(visitor.http.post("/api/v1/auth/login", json=sent), 403, "FORBIDDEN")


@fact("bot webhooks without a secret are 401")
def _(visitor: Visitor) -> None:
    for bot in ("staff", "customer"):
        answer = visitor.http.post(f"/api/v1/telegram/webhook/{bot}", json={})
        refused(answer, 401, "UNAUTHORIZED")


@pytest.fixture(scope="module")
def standins() -> Iterator[dict[str, dict[str, Any]]]:
    with both_profiles() as ready:
        yield ready


@fact.parametrized()
def test_account_fact(standins: dict[str, dict[str, Any]], profile: str, fact: Fact[None]) -> None:
    visitor = Visitor(standins[profile])
    try:
        fact.holds(visitor)
    finally:
        visitor.close()
