// The page of one task: what it is, who does it, its photos, and its end.
"use strict";

const id = location.pathname.split("/").pop();
const photos = { before: null, after: null };
let viewer = {};
let people = [];
let task = null;

function part(name) {
  return document.getElementById(name);
}

function nameOf(userId) {
  const person = [viewer, ...people].find((one) => one.id === userId);
  return person ? `${person.firstName} ${person.lastName}` : "";
}

function details() {
  return [
    ["task_title", task.title],
    ["task_description", task.description],
    ["task_machine", `${task.machine.machineNumber} ${task.machine.name}`],
    ["task_priority", messages.priorities[task.priority]],
    ["task_due", moment(task.dueDate)],
    ["task_assignee", nameOf(task.assignedToUserId)],
    ["task_notes", task.completionNotes],
  ].filter(([, text]) => text);
}

// The API keeps no history of its own: these are the moments that a task carries.
function moments() {
  return [
    [statusText("pending"), task.createdAt, nameOf(task.createdByUserId)],
    [statusText("assigned"), task.assignedToUserId && " ", nameOf(task.assignedToUserId)],
    [statusText("in_progress"), task.startedAt],
    [statusText("completed"), task.completedAt, task.completionNotes],
    [statusText("rejected"), task.rejectedAt, task.rejectionReason],
    [statusText("postponed"), task.status === "postponed" && " ", task.postponeReason],
    [statusText("cancelled"), task.status === "cancelled" && task.updatedAt],
  ].filter(([, at]) => at);
}

function photo(which) {
  const url = photos[which] ?? task[which === "before" ? "photoBeforeUrl" : "photoAfterUrl"];
  const place = part(`photo-${which}-shown`);
  if (!url) place.replaceChildren();
  else if (place.querySelector("img")?.getAttribute("src") !== url) {
    place.replaceChildren(make("img", { src: url, alt: messages[`task_photo_${which}`] }));
  }
}

function show(answer) {
  task = answer;
  document.querySelector("h1").textContent = taskTitle(task);
  part("status").textContent = statusText(task.status);
  part("details").replaceChildren(
    ...details().map(([name, text]) => make("div", {}, make("dt", {}, messages[name]), make("dd", {}, text))),
  );
  part("history").replaceChildren(
    ...moments().map(([what, at, who]) => make("li", {}, [what, moment(at.trim()), who].filter(Boolean).join(" · "))),
  );
  part("start").hidden = task.status !== "assigned";
  part("assign").hidden = people.length === 0 || !["pending", "postponed"].includes(task.status);
  part("work").hidden = task.status !== "in_progress";
  photo("before");
  photo("after");
}

async function act(button, action) {
  button.disabled = true;
  try {
    show(await action());
    toast(messages.task_saved, "status");
  } catch (failure) {
    toast(failure.message, "alert");
  }
  button.disabled = false;
}

function post(action, body) {
  return callApi(`/tasks/${id}/${action}`, { method: "POST", body });
}

// The photo before is told to the task at once. The photo after would end the task (facts 5.2),
// so it is uploaded and shown, and told when the work is declared complete.
async function upload(which, file) {
  const body = new FormData();
  body.set("folder", "tasks/photos");
  body.set("category", "image");
  body.set("file", file);
  const { url } = await callApi("/storage/upload", { method: "POST", body });
  if (which === "before") return post("photo-before", { photoUrl: url });
  photos.after = url;
  return task;
}

function complete() {
  const notes = part("notes").value;
  const told = notes ? { completionNotes: notes } : {};
  return photos.after ? post("photo-after", { photoUrl: photos.after, ...told }) : post("complete", told);
}

function listen() {
  const start = part("start");
  start.addEventListener("click", () => act(start, () => post("start")));
  part("assign").addEventListener("submit", (event) => {
    event.preventDefault();
    act(event.submitter, () => post("assign", { userId: part("assignee").value }));
  });
  for (const which of ["before", "after"]) {
    const input = part(`photo-${which}`);
    input.addEventListener("change", () => input.files[0] && act(input, () => upload(which, input.files[0])));
  }
  part("work").addEventListener("submit", (event) => {
    event.preventDefault();
    act(event.submitter, complete);
  });
}

let newest = "";
const askSoon = soon(async () => {
  if (task.updatedAt < newest) show(await callApi(`/tasks/${id}`));
});

// The status is in the event; the rest is asked for, unless this page's own action has brought it.
function hear(name, event) {
  if (task === null || (name !== undefined && event.id !== id)) return;
  newest = event?.updatedAt ?? "\uffff";
  part("status").textContent = statusText(event?.status ?? task.status);
  askSoon();
  if (name !== undefined) announceTask(name, event);
}

runPage(async (user) => {
  viewer = user;
  if (isAtLeast("manager", user)) people = rows(await callApi("/users")).filter(({ status }) => status === "active");
  choices(
    part("assignee"),
    people.filter(({ role }) => role === "operator").map((one) => [one.id, nameOf(one.id)]),
  );
  show(await callApi(`/tasks/${id}`));
  listen();
}, hear);
