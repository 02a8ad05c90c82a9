// The login form.
"use strict";

// VendHub-OS always goes to the dashboard and ignores where the user wanted to go.
function destination() {
  const wanted = new URLSearchParams(location.search).get("redirect") ?? "";
  const isLocal = /^\/[^/\\]/.test(wanted);
  return !isProduct && isLocal ? wanted : "/dashboard";
}

const form = document.getElementById("login");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const body = { email: form.email.value, password: form.password.value };
    const login = await callApi("/auth/login", { method: "POST", body });
    storeSession(login.user);
    goTo(destination(), messages.welcome);
  } catch (failure) {
    toast(failure.message, "alert");
    button.disabled = false;
  }
});
