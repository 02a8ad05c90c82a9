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

// A figure of a call that failed is a dash, and so is one that the answer does not hold.
function figure(answer, value) {
  const number = answer === undefined ? undefined : value(answer);
  return typeof number === "number" ? number.toLocaleString(language) : DASH;
}

function revenueToday(answer) {
  return rows(answer).find((row) => row.date === day(0))?.totalRevenue ?? 0;
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

function article(title, ...children) {
  return make("article", { "aria-label": title }, make("h2", {}, title), ...children);
}

function isIncomplete() {
  return Object.keys(CALLS).some((name) => answers[name] === undefined);
}

function isDemo() {
  return isProduct || has("demo-figures");
}

function list(name) {
  const texts = rows(answers[name]).map((row) => String(row.title ?? row.name ?? row.productName ?? row.id));
  const shown = texts.length === 0 && isDemo() ? DEMO_LISTS[name] : texts.slice(0, 5);
  return article(messages.lists[name], make("ul", {}, ...shown.map((text) => make("li", {}, text))));
}

function show() {
  const figures = Object.entries(isDemo() ? DEMO_FIGURES : LIVE_FIGURES);
  document
    .getElementById("figures")
    .replaceChildren(...figures.map(([name, value]) => article(messages.figures[name], make("p", {}, value()))));
  document.getElementById("lists").replaceChildren(...Object.keys(DEMO_LISTS).map(list));
  document.getElementById("failure").hidden = isDemo() || !isIncomplete();
}

async function ask(name) {
  try {
    answers[name] = await callApi(CALLS[name]);
  } catch (failure) {
    delete answers[name];
    if (failure.status === 401 && !isProduct) leave();
  }
}

document.querySelector('[role="tablist"]').addEventListener("click", ({ target }) => {
  if (target.getAttribute("role") !== "tab") return;
  for (const tab of target.parentElement.children) {
    tab.setAttribute("aria-selected", String(tab === target));
  }
  if (target.dataset.tab === "activity" && isProduct) callApi("/audit?limit=50").catch(() => {});
});

async function openDashboard() {
  await Promise.all(Object.keys(CALLS).map(ask));
  show();
  for (const [name, every] of Object.entries(POLLS)) {
    setInterval(() => ask(name).then(show), every);
  }
}

const askSoon = soon(() => ask("analytics").then(show));

function hear(name, event) {
  askSoon();
  if (name !== undefined) announceTask(name, event);
}

runPage(openDashboard, hear);
