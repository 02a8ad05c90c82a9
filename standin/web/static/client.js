// What every page of the admin needs: calls to the API through the web's own origin, and toasts.
"use strict";

const SESSION_KEY = "vendhub-auth";
const profile = document.documentElement.dataset.profile;
const messages = JSON.parse(document.getElementById("messages").textContent);

class ApiFailure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// The `data` of a successful answer; every other outcome is an ApiFailure (status 0: no answer).
async function callApi(path, { method = "GET", body } = {}) {
  let response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      credentials: "same-origin",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    throw new ApiFailure(0, String(error));
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok || answer === null || answer.success !== true) {
    throw new ApiFailure(response.status, String(answer?.message ?? messages.failure));
  }
  return answer.data;
}

function storedSession() {
  try {
    return JSON.parse(localStorage.getItem(SESSION_KEY))?.state ?? null;
  } catch {
    return null;
  }
}

function storeSession(user) {
  const session = { state: { user, isAuthenticated: true }, version: 0 };
  localStorage.setItem(SESSION_KEY, JSON.stringify(session));
}

function toast(text, role) {
  const element = document.createElement("p");
  element.setAttribute("role", role);
  element.textContent = text;
  document.getElementById("toasts").replaceChildren(element);
}
