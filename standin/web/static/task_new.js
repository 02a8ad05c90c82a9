// The form for a new task.
"use strict";

const form = document.getElementById("new-task");

function given(user) {
  const { title, description, dueDate, type, priority, machine } = form.elements;
  const task = { title: title.value, type: type.value, priority: priority.value };
  if (description.value) task.description = description.value;
  if (dueDate.value) task.dueDate = dueDate.value;
  return { ...task, organizationId: user.organizationId, machineId: machine.value };
}

async function openForm(user) {
  choices(form.elements.type, Object.entries(messages.types));
  choices(form.elements.priority, Object.entries(messages.priorities));
  form.elements.priority.value = "normal";
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (has("dead-button")) return;
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await callApi("/tasks", { method: "POST", body: given(user) });
      goTo("/dashboard/tasks", messages.task_created);
    } catch (failure) {
      toast(`${messages.task_not_created}: ${failure.message}`, "alert");
      button.disabled = false;
    }
  });
  const machines = await callApi("/machines/simple");
  choices(form.elements.machine, machines.map(({ id, name, machineNumber }) => [id, `${machineNumber} ${name}`]));
}

runPage(openForm);
