// What the pages need beyond htmx and Tabler. Everything is heard at the document, so fragments need no set-up.
const OTHER = { light: "dark", dark: "light" };

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-switch]")) return;
  localStorage.setItem("theme", OTHER[document.documentElement.getAttribute("data-bs-theme")]);
  applyTheme();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") event.target.closest("form")?.querySelector("[data-cancel]")?.click();
  // In a picker, Enter searches; it does not send the form around it.
  if (event.key === "Enter" && event.target.closest("[data-picker-search]")) event.preventDefault();
});

// A second click on a button that sends a form sends nothing; going back, or a while later, it may be sent again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 3000);
});
addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((form) => delete form.dataset.sent));

const showToast = (toast) => {
  toast.classList.add(toast.dataset.level || "info");
  // What went wrong stays until it is closed.
  tabler.Toast.getOrCreateInstance(toast, { autohide: toast.dataset.level !== "error", delay: 6000 }).show();
  toast.addEventListener("hidden.bs.toast", () => toast.remove());
};

const say = (text, level) => {
  const toast = document.getElementById("toast").content.firstElementChild.cloneNode(true);
  toast.querySelector(".toast-body").textContent = text;
  toast.dataset.level = level;
  document.getElementById("toasts").append(toast);
  showToast(toast);
};

document.querySelectorAll("#toasts .toast").forEach(showToast);
document.addEventListener("toasts", (event) => event.detail.toasts.forEach(({ text, level }) => say(text, level)));

const REASONS = {
  403: "That is not allowed. Reload the page: you may have been signed out or your session renewed.",
  404: "That is no longer there. Reload the page.",
};
document.addEventListener("htmx:responseError", ({ detail }) =>
  say(REASONS[detail.xhr.status] || `That did not work (error ${detail.xhr.status}). Nothing was saved.`, "error"));
document.addEventListener("htmx:sendError", () => say("The server cannot be reached. Nothing was saved.", "error"));

// A half-typed number or date is an empty value to the browser, and would be sent as one: it is said before that.
const stopAtBadInput = (form) => {
  const bad = [...form.elements].filter((field) => field.validity?.badInput);
  bad.forEach((field) => {
    if (field.classList.contains("is-invalid")) return;
    const note = document.createElement("div");
    note.className = "invalid-feedback d-block";
    note.id = `${field.id}_bad`;
    note.textContent = field.validationMessage;
    field.classList.add("is-invalid");
    field.setAttribute("aria-describedby", [field.getAttribute("aria-describedby"), note.id].filter(Boolean).join(" "));
    field.after(note);
    field.addEventListener("input", () => { field.classList.remove("is-invalid"); note.remove(); }, { once: true });
  });
  bad[0]?.focus();
  return bad.length > 0;
};
document.addEventListener("submit", (event) => { if (stopAtBadInput(event.target)) event.preventDefault(); }, true);
document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  const form = requestConfig.verb !== "get" && elt.closest("form");
  if (form && stopAtBadInput(form)) event.preventDefault();
});

// On a phone the page of the settings that is open may lie beyond the edge of their menu.
document.querySelector(".settings-menu .active")?.scrollIntoView({ block: "nearest", inline: "center" });

// A record's page leads on to the next one of the list that one came from, and back to that list as it was.
const remember = () => {
  if (document.getElementById("rows")) sessionStorage.setItem(`list ${location.pathname}`, location.search);
};
remember();
document.addEventListener("htmx:pushedIntoHistory", remember);
document.addEventListener("htmx:replacedInHistory", remember);

const place = document.querySelector("[data-neighbours]");
const list = place && sessionStorage.getItem(`list ${place.dataset.list}`);
if (typeof list === "string") {
  document.querySelectorAll("[data-back]").forEach((link) => (link.search = list));
  htmx.ajax("GET", place.dataset.neighbours + list, { target: place, swap: "innerHTML" });
}

// What is typed into a form with data-unsaved is not lost by a slip: leaving asks first.
const isUnsaved = (form) => form?.dataset.typed === "yes" && !form.dataset.sent;
const unsavedIn = (place) => [...(place || document).querySelectorAll("form[data-unsaved]")].find(isUnsaved);
const LOSE = "What you typed is not saved. Leave it?";
const note = ({ target }) => {
  const form = target.closest("form[data-unsaved]");
  if (form && !target.closest("[data-picker-search]")) form.dataset.typed = "yes";
};
document.addEventListener("input", note);
document.addEventListener("change", note);
addEventListener("beforeunload", (event) => { if (unsavedIn()) event.preventDefault(); });
document.addEventListener("click", (event) => {
  const form = event.target.closest("[data-cancel]")?.closest("form");
  if (!isUnsaved(form)) return;
  if (confirm(LOSE)) delete form.dataset.typed;
  else { event.preventDefault(); event.stopImmediatePropagation(); }
}, true);
document.addEventListener("htmx:confirm", (event) => {
  const { elt, target } = event.detail;
  const form = target && unsavedIn(target);
  if (form && !form.contains(elt) && !confirm(LOSE)) event.preventDefault();
});

// A meeting that lasts all day has days and no times.
const showDays = (box) => ["happened_at", "ends_at"].forEach((name) => {
  const input = box.form.elements[name];
  const [day, time] = input.value.split("T");
  if (time) input.dataset.time = time;
  input.value = "";  // which fits either type
  input.type = box.checked ? "date" : "datetime-local";
  input.value = day && !box.checked ? `${day}T${input.dataset.time || "09:00"}` : day;
});
document.addEventListener("change", ({ target }) => { if (target.matches("[data-all-day]")) showDays(target); });
htmx.onLoad((place) => place.querySelectorAll("[data-all-day]:checked").forEach(showDays));

// An e-mail is shown as high as it is; nothing of it runs (sandbox, its own policy).
const fit = (frame) => { frame.style.height = `${Math.min(frame.contentDocument?.body?.scrollHeight || 320, 2000) + 32}px`; };
document.addEventListener("load", ({ target }) => { if (target.matches?.("[data-mail-frame]")) fit(target); }, true);
document.addEventListener("toggle", ({ target }) => target.querySelectorAll?.("[data-mail-frame]").forEach(fit), true);

// Whoever signs out leaves neither drafts nor filters to the next person at this browser.
document.querySelectorAll("form[data-sign-out]").forEach((form) => form.addEventListener("submit", () => sessionStorage.clear()));

// The texts of a draft outlive a reload and a closed form, until they are sent or thrown away.
const DRAFT = ["subject", "body"];
document.querySelectorAll("form[data-draft]").forEach((form) => {
  const key = `draft ${form.dataset.draft}`;
  const kept = JSON.parse(sessionStorage.getItem(key) || "null");
  const isNew = kept && DRAFT.some((name) => form.elements[name].value !== kept[name]);
  if (isNew) {
    DRAFT.forEach((name) => (form.elements[name].value = kept[name]));
    form.dataset.typed = "yes";
    say("Your draft is back.", "info");
  }
  form.addEventListener("input", () => sessionStorage.setItem(
    key, JSON.stringify(Object.fromEntries(DRAFT.map((name) => [name, form.elements[name].value])))));
  form.addEventListener("submit", () => sessionStorage.removeItem(key));
  form.querySelector("[data-cancel]")?.addEventListener("click", () => sessionStorage.removeItem(key));
});

// Copies the value of the field that a button names.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.querySelector(button.dataset.copy);
  const label = button.querySelector("span");
  try {
    await navigator.clipboard.writeText(field.value);
    label.textContent = "Copied";
  } catch {
    field.select(); // no leave to write the clipboard: the person copies
  }
});
