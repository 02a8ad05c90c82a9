// The list of tasks.
"use strict";

const tasks = new Map();

async function crash() {
  "x".repeat(2 ** 27 + 8).split(""); // more pieces than V8 can ever hold: it gives the tab up
}

function startButton(task) {
  const button = make("button", { type: "button" }, messages.task_start);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      show(await callApi(`/tasks/${task.id}/start`, { method: "POST" }));
    } catch (failure) {
      toast(failure.message, "alert");
      button.disabled = false;
    }
  });
  return button;
}

function row(task) {
  const item = make("li", { class: "row" });
  item.append(make("a", { href: `/dashboard/tasks/${task.id}` }, taskTitle(task)));
  if (task.title) item.append(make("span", { class: "what" }, task.title));
  item.append(make("span", { class: "badge" }, statusText(task.status)));
  if (task.status === "assigned") item.append(startButton(task));
  if (isProduct) item.append(actions(task));
  return item;
}

function showAll() {
  document.getElementById("tasks").replaceChildren(...[...tasks.values()].map(row));
  document.getElementById("none").hidden = tasks.size > 0;
}

function show(task) {
  tasks.set(task.id, task);
  showAll();
}

async function askForAll() {
  const answer = await callApi(isProduct ? "/tasks" : "/tasks?limit=100");
  tasks.clear();
  for (const task of rows(answer)) tasks.set(task.id, task);
  showAll();
}

const askSoon = soon(askForAll);

// An event tells the state of a task, not its type: one that is not here yet is asked for.
function hear(name, event) {
  if (name === undefined || !tasks.has(event.id)) askSoon();
  else show({ ...tasks.get(event.id), status: event.status });
  if (name !== undefined) announceTask(name, event);
}

runPage(async (user) => {
  if (has("tab-crash")) await crash();
  document.getElementById("create").hidden = !isAtLeast("manager", user);
  await askForAll();
}, hear);
