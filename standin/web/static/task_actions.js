// The menu of a task's row in VendHub-OS: an editor that is not there, and deleting (facts 5.4).
"use strict";

function remove(task) {
  const confirm = make("button", { type: "button" }, "Confirm");
  const cancel = make("button", { type: "button" }, "Cancel");
  const dialog = make("dialog", { "aria-label": messages.task_delete }, confirm, cancel);
  cancel.addEventListener("click", () => dialog.remove());
  confirm.addEventListener("click", async () => {
    try {
      await callApi(`/tasks/${task.id}`, { method: "DELETE" });
      await askForAll();
    } catch (failure) {
      toast(failure.message, "alert");
    }
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
}

function actions(task) {
  const edit = make("a", { role: "menuitem", href: `/dashboard/tasks/${task.id}/edit` }, messages.task_edit);
  const erase = make("button", { type: "button", role: "menuitem" }, messages.task_delete);
  const menu = make("span", { role: "menu", hidden: "" }, edit, erase);
  const button = make("button", { type: "button", "aria-label": messages.task_actions, "aria-haspopup": "menu" }, "⋯");
  button.addEventListener("click", () => menu.toggleAttribute("hidden"));
  erase.addEventListener("click", () => remove(task));
  return make("span", { class: "actions" }, button, menu);
}
