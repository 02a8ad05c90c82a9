// The page: its user and their tasks, or why there is nobody.
"use strict";

const ICONS = {
  refill: "📦",
  collection: "💰",
  cleaning: "🧹",
  repair: "🔧",
  install: "🏗️",
  removal: "🚚",
  audit: "📋",
};

function place(id) {
  return document.getElementById(id);
}

function row({ taskNumber, typeCode, status, title }) {
  const item = document.createElement("li");
  const what = `#${taskNumber} - ${ICONS[typeCode] ?? "🔩"} ${messages.types[typeCode]}`;
  item.textContent = [what, title, messages.statuses[status]].filter(Boolean).join(" · ");
  return item;
}

async function showTasks() {
  const tasks = await callApi("/tasks/my");
  place("tasks").replaceChildren(...tasks.map(row));
  place("none").hidden = tasks.length > 0;
}

function refuse(refusal) {
  place("refusal").textContent = refusal.message;
  place("refusal").hidden = false;
}

async function start() {
  try {
    const user = await signIn();
    place(user ? "signed-in" : "outside").hidden = false;
    if (!user) return;
    place("name").textContent = `${user.firstName} ${user.lastName}`;
    await showTasks();
  } catch (refusal) {
    refuse(refusal);
  }
}

window.Telegram?.WebApp?.ready?.();
start().finally(() => place("loading").remove());
