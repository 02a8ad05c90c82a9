// The way in: what Telegram says about its user, or a session that is there already.
"use strict";

const SESSION_KEY = "vendhub-auth";
const messages = JSON.parse(document.getElementById("messages").textContent);

// The `data` of a successful answer; every other outcome is an Error with the API's own message.
async function callApi(path, body) {
  const response = await fetch(`/api/v1${path}`, {
    method: body === undefined ? "GET" : "POST",
    credentials: "same-origin",
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await response.json().catch(() => null);
  if (response.ok && answer?.success === true) return answer.data;
  const refusal = new Error(answer?.message ?? messages.failure);
  refusal.status = response.status;
  throw refusal;
}

// The user; null for a visitor whom nobody has brought here and who has no session.
async function signIn() {
  const initData = window.Telegram?.WebApp?.initData;
  if (initData) {
    const { user } = await callApi("/auth/telegram", { initData });
    const session = { state: { user, isAuthenticated: true }, version: 0 };
    localStorage.setItem(SESSION_KEY, JSON.stringify(session));
    return user;
  }
  try {
    return await callApi("/auth/me");
  } catch (refusal) {
    if (refusal.status === 401) return null;
    throw refusal;
  }
}
