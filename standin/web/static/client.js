// What every page of the admin needs: calls to the API through the web's own origin, and toasts.
"use strict";

const SESSION_KEY = "vendhub-auth";
const TOAST_KEY = "vendhub-toast";
const { profile, faults } = document.documentElement.dataset;
const isProduct = profile === "vendhub-os";
const language = document.documentElement.lang;
const messages = JSON.parse(document.getElementById("messages").textContent);

class ApiFailure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

function has(fault) {
  return (faults ?? "").split(" ").includes(fault);
}

// The `data` of a successful answer; every other outcome is an ApiFailure (status 0: no answer).
// A body is sent as JSON, unless it is a form with a file in it.
async function callApi(path, { method = "GET", body } = {}) {
  const isJson = body !== undefined && !(body instanceof FormData);
  let response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      credentials: "same-origin",
      headers: isJson ? { "Content-Type": "application/json" } : {},
      body: isJson ? JSON.stringify(body) : body,
    });
  } catch (error) {
    throw new ApiFailure(0, String(error));
  }
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => null);
  if (!response.ok || answer === null || answer.success !== true) {
    throw new ApiFailure(response.status, String(answer?.message ?? messages.failure));
  }
  return answer.data;
}

function rows(answer) {
  if (Array.isArray(answer)) return answer;
  return answer?.data ?? answer?.items ?? [];
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

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function toast(text, role) {
  document.getElementById("toasts").replaceChildren(make("p", { role }, text));
}

// Says it on the page that the browser goes to next.
function goTo(url, text) {
  sessionStorage.setItem(TOAST_KEY, text);
  location.assign(url);
}

function showToastOfLastPage() {
  const text = sessionStorage.getItem(TOAST_KEY);
  sessionStorage.removeItem(TOAST_KEY);
  if (text) toast(text, "status");
}
