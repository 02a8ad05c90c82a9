// Live updates of a page: events of a socket, or asking again where no websocket is to be had.
"use strict";

const ASK_AGAIN_MS = 2000;
const BURST_MS = 200;
const socketOrigin = document.documentElement.dataset.socket;
const heardNotifications = new Set();

function announce(text) {
  document.getElementById("live").textContent = text;
}

// Asks once for a burst of events, and again after a refusal: ten questions a second are the limit.
function soon(ask) {
  let timer;
  function plan(wait) {
    clearTimeout(timer);
    timer = setTimeout(() => ask().catch(() => plan(ASK_AGAIN_MS)), wait);
  }
  return () => plan(BURST_MS);
}

function tellState(state) {
  document.getElementById("updates").textContent = messages.updates[state];
}

async function countNotifications() {
  const { total } = await callApi("/notifications").catch(() => ({}));
  if (total !== undefined) document.getElementById("count").textContent = String(total);
}

// A notification comes once for its addressee and once for the organization (facts 6).
async function hearNotification({ id, title, body }) {
  if (heardNotifications.has(id)) return;
  heardNotifications.add(id);
  await countNotifications();
  announce(`${title}: ${body}`);
}

function askAgain(hear) {
  countNotifications();
  hear?.();
}

async function startLive(hear) {
  if (!socketOrigin) return;
  const { token } = await callApi("/auth/socket-token").catch(() => ({}));
  new Socket(socketOrigin, "/notifications", token ?? "", {
    onOpen() {
      tellState("live");
      countNotifications();
    },
    onEvent(name, data) {
      if (has("page-needs-reload")) return;
      if (name === "notifications:new") hearNotification(data);
      if (name === "task:created" || name === "task:updated") hear?.(name, data);
    },
    onClose(wasOpen) {
      tellState("asking");
      if (wasOpen) setTimeout(() => startLive(hear), ASK_AGAIN_MS);
      else setInterval(askAgain, ASK_AGAIN_MS, hear);
    },
  });
}
