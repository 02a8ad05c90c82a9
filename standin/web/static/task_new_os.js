// VendHub-OS's form for a new task: neither organization nor machine, so always refused (facts 5.4).
"use strict";

const form = document.getElementById("new-task");

async function openForm() {
  choices(form.elements.type, Object.entries(messages.types));
  choices(form.elements.priority, Object.entries(messages.priorities));
  form.elements.priority.value = "normal";
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { title, description, dueDate, type, priority } = form.elements;
    const task = { title: title.value, type: type.value, priority: priority.value };
    if (description.value) task.description = description.value;
    if (dueDate.value) task.dueDate = dueDate.value;
    try {
      await callApi("/tasks", { method: "POST", body: task });
      goTo("/dashboard/tasks", messages.task_created);
    } catch {
      toast(messages.task_not_created, "alert");
    }
  });
}

runPage(openForm);
