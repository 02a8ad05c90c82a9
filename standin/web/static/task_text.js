// How tasks are written: numbers, types, states, moments.
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

// VendHub-OS has no words for some types and for one status, and shows their keys (facts 5.4).
if (isProduct) {
  for (const words of [messages.types, messages.statuses]) {
    for (const key of Object.keys(words)) {
      if (/^(inspection|replace_\w+|cancelled)$/.test(key)) words[key] = key;
    }
  }
}

function taskTitle({ taskNumber, typeCode }) {
  return `#${taskNumber} - ${ICONS[typeCode] ?? "🔩"} ${messages.types[typeCode]}`;
}

function statusText(status) {
  return messages.statuses[status];
}

function moment(text) {
  if (!text) return "";
  return new Date(text).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
}

function announceTask(name, { taskNumber, status }) {
  const what = name === "task:created" ? messages.task_new_heard : statusText(status);
  announce(`#${taskNumber}: ${what}`);
}

function choices(select, pairs) {
  select.replaceChildren(...pairs.map(([value, text]) => make("option", { value }, text)));
}
