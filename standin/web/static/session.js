// Who is signed in, on every page behind the login.
"use strict";

const LEVELS = { owner: 100, admin: 90, manager: 70, accountant: 50, warehouse: 40, operator: 30, viewer: 10 };

// What the API says; null after its 401; what the storage says while the API has no answer.
// VendHub-OS trusts the browser's storage alone; with only the cookie it sends one to /auth and back.
async function signedInUser() {
  const stored = storedSession();
  if (isProduct) return stored?.isAuthenticated ? stored.user : null;
  try {
    const user = await callApi("/auth/me");
    if (!stored?.isAuthenticated) storeSession(user);
    return user;
  } catch (failure) {
    return failure.status === 401 ? null : (stored?.user ?? {});
  }
}

function isAtLeast(role, user) {
  return (LEVELS[user.role] ?? 0) >= LEVELS[role];
}

function leave() {
  localStorage.removeItem(SESSION_KEY);
  location.replace(`/auth?redirect=${encodeURIComponent(location.pathname)}`);
}

// Runs a page: `open` asks and shows everything, `hear` takes an event or, without one, asks again.
async function runPage(open, hear) {
  const user = await signedInUser();
  if (user === null) {
    leave();
    return;
  }
  try {
    await open(user);
  } catch (failure) {
    if (failure.status === 401) leave();
    toast(failure.message, "alert");
  }
  document.getElementById("loading").remove();
  document.getElementById("page").hidden = false;
  showToastOfLastPage();
  await startLive(hear);
}
