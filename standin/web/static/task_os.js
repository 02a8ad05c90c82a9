// VendHub-OS's page of a task: a title that loads empty, a status, saving and deleting (facts 5.4).
"use strict";

const id = location.pathname.split("/").pop();
const form = document.getElementById("task");

async function openForm() {
  const task = await callApi(`/tasks/${id}`);
  choices(form.elements.status, Object.entries(messages.statuses));
  form.elements.status.value = task.status;
  document.querySelector("h1").textContent = taskTitle(task);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = { title: form.elements.title.value, status: form.elements.status.value };
    try {
      await callApi(`/tasks/${id}`, { method: "PATCH", body });
      toast("Task updated", "status");
    } catch {
      toast("Failed to update", "alert");
    }
  });
  document.getElementById("delete").addEventListener("click", async () => {
    if (!confirm("Delete this task?")) return;
    try {
      await callApi(`/tasks/${id}`, { method: "DELETE" });
      location.assign("/dashboard/tasks");
    } catch (failure) {
      toast(failure.message, "alert");
    }
  });
}

runPage(openForm);
