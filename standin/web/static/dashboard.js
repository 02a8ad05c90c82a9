// The dashboard: what it asks the API for, and the figures and lists made of the answers.
"use strict";

const DASH = "—";

function day(offset) {
  return new Date(Date.now() - offset * 86_400_000).toISOString().slice(0, 10);
}

const period = `from=${day(30)}&to=${day(0)}`;
const CALLS = {
  analytics: "/analytics/dashboard",
  stats: "/orders/stats",
  orders: "/orders?limit=5",
  daily: `/analytics/daily?${period}`,
  machines: "/machines",
  products: `/analytics/top-products?${period}`,
  alerts: "/alerts",
};
const POLLS = { analytics: 60_000, alerts: 120_000 };

const answers = {};

function rows(answer) {
  if (Array.isArray(answer)) return answer;
  return answer?.data ?? answer?.items ?? [];
}

// A figure of a call that failed is a dash, never a number; what an answer leaves out is none.
function figure(answer, value) {
  return answer === undefined ? DASH : Number(value(answer) ?? 0).toLocaleString(document.documentElement.lang);
}

function revenueToday(answer) {
  return rows(answer).find((row) => row.date === day(0))?.totalRevenue;
}

function machinesOnline(answer) {
  if (answer === undefined) return DASH;
  const machines = rows(answer);
  const online = machines.filter((machine) => machine.status === "active").length;
  return `${online}/${machines.length}`;
}

const LIVE_FIGURES = {
  revenue: () => figure(answers.daily, revenueToday),
  average: () => figure(answers.stats, (stats) => stats.averageOrderValue),
  orders: () => figure(answers.stats, (stats) => stats.totalOrders),
  clients: () => figure(answers.analytics, ({ latestStats }) => latestStats?.activeClients),
  online: () => machinesOnline(answers.machines),
  stock: () => figure(answers.analytics, ({ latestStats }) => latestStats?.lowStock),
  queue: () => figure(answers.analytics, ({ latestStats }) => latestStats?.openTasks),
  collection: () => figure(answers.analytics, ({ latestStats }) => latestStats?.collected),
};

// VendHub-OS reads names that its API never sends, and shows constants in their place.
const DEMO_FIGURES = {
  revenue: () => "4.8M",
  average: () => "9K",
  orders: () => "247",
  clients: () => "1 832",
  online: () => (answers.machines === undefined ? "14/16" : "0/0"),
  stock: () => "3",
  queue: () => "12",
  collection: () => "3.4M",
};
const DEMO_LISTS = {
  alerts: ["SOLIQ-02 offline"],
  machines: ["TC Mega Chilanzar", "SOLIQ Office"],
  products: ["Cappuccino", "Latte"],
};

const isDemo = profile === "vendhub-os";

function article(title, ...children) {
  const element = document.createElement("article");
  element.setAttribute("aria-label", title);
  const heading = document.createElement("h2");
  heading.textContent = title;
  element.append(heading, ...children);
  return element;
}

function paragraph(text) {
  const element = document.createElement("p");
  element.textContent = text;
  return element;
}

function list(name) {
  const texts = rows(answers[name]).map((row) => String(row.title ?? row.name ?? row.productName ?? row.id));
  const element = document.createElement("ul");
  for (const text of texts.length === 0 && isDemo ? DEMO_LISTS[name] : texts.slice(0, 5)) {
    const item = document.createElement("li");
    item.textContent = text;
    element.append(item);
  }
  return article(messages.lists[name], element);
}

function show() {
  const figures = Object.entries(isDemo ? DEMO_FIGURES : LIVE_FIGURES);
  document
    .getElementById("figures")
    .replaceChildren(...figures.map(([name, value]) => article(messages.figures[name], paragraph(value()))));
  document.getElementById("lists").replaceChildren(...Object.keys(DEMO_LISTS).map(list));
  const isIncomplete = Object.keys(CALLS).some((name) => answers[name] === undefined);
  document.getElementById("failure").hidden = isDemo || !isIncomplete;
}

async function ask(name) {
  try {
    answers[name] = await callApi(CALLS[name]);
  } catch (failure) {
    delete answers[name];
    if (failure.status === 401 && !isDemo) leave();
  }
}

function leave() {
  localStorage.removeItem(SESSION_KEY);
  location.replace(`/auth?redirect=${encodeURIComponent(location.pathname)}`);
}

// VendHub-OS trusts the browser's storage alone; with only the cookie it sends one to /auth and back.
async function isSignedIn() {
  if (storedSession()?.isAuthenticated) return true;
  if (isDemo) return false;
  try {
    storeSession(await callApi("/auth/me"));
    return true;
  } catch {
    return false;
  }
}

document.querySelector('[role="tablist"]').addEventListener("click", ({ target }) => {
  if (target.getAttribute("role") !== "tab") return;
  for (const tab of target.parentElement.children) {
    tab.setAttribute("aria-selected", String(tab === target));
  }
  if (target.dataset.tab === "activity" && isDemo) callApi("/audit?limit=50").catch(() => {});
});

async function start() {
  if (!(await isSignedIn())) {
    leave();
    return;
  }
  await Promise.all(Object.keys(CALLS).map(ask));
  show();
  document.getElementById("loading").remove();
  document.getElementById("page").hidden = false;
  for (const [name, every] of Object.entries(POLLS)) {
    setInterval(() => ask(name).then(show), every);
  }
}

start();
