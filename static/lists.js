// Lists: choosing rows, sorting by a column's head. Everything is heard at the document: rows come and go.
const selectionOf = (element) => element.closest("[data-selection]");
const boxes = (form) => [...form.querySelectorAll('input[name="ids"]')];

const showSelection = (form) => {
  const all = boxes(form);
  const chosen = all.filter((box) => box.checked).length;
  const isAll = form.elements.all.value === "1";
  const page = form.querySelector("[data-select-page]");
  page.checked = chosen > 0 && chosen === all.length;
  page.indeterminate = chosen > 0 && chosen < all.length;
  form.querySelector("[data-selection-bar]").hidden = chosen === 0;
  form.querySelector("[data-selected-count]").textContent =
    isAll ? `All ${form.dataset.matching} are chosen.` : `${chosen} chosen`;
  const matching = form.querySelector("[data-select-matching]");
  if (matching) matching.hidden = isAll || chosen < all.length;
  form.querySelectorAll("[data-needs-two]").forEach((button) =>
    button.setAttribute("aria-disabled", isAll || chosen !== 2));
};

document.addEventListener("change", ({ target }) => {
  const form = selectionOf(target);
  if (!form || target.type !== "checkbox") return;
  if (target.matches("[data-select-page]")) boxes(form).forEach((box) => { box.checked = target.checked; });
  form.elements.all.value = "";
  showSelection(form);
});

let last = null; // with the shift key, rows between two clicks are chosen
document.addEventListener("click", (event) => {
  const { target } = event;
  const form = selectionOf(target);
  if (!form) return;
  if (target.matches('input[name="ids"]')) {
    const all = boxes(form);
    if (event.shiftKey && all.includes(last)) {
      const [from, to] = [all.indexOf(last), all.indexOf(target)].sort((a, b) => a - b);
      all.slice(from, to + 1).forEach((box) => { box.checked = target.checked; });
    }
    last = target;
  } else if (target.closest("[data-select-matching]")) {
    form.elements.all.value = "1";
    showSelection(form);
  } else if (target.closest("[data-select-none]")) {
    boxes(form).forEach((box) => { box.checked = false; });
    form.elements.all.value = "";
    showSelection(form);
    form.querySelector("[data-select-page]").focus();
  } else if (target.closest('[aria-disabled="true"]')) {
    event.preventDefault();
    say(target.closest("[aria-disabled]").title, "info");
  }
});

// A page that the browser brings back may have boxes checked.
window.addEventListener("pageshow", () => document.querySelectorAll("[data-selection]").forEach(showSelection));

document.addEventListener("click", ({ target }) => {
  const head = target.closest("[data-sort]");
  if (!head) return;
  const sort = document.getElementById("sort");
  sort.value = head.dataset.sort;
  sort.dispatchEvent(new Event("change", { bubbles: true }));
});

// Columns stand in the order in which they are sent. The button that moves one keeps the focus.
// The buttons that move columns are many, and seldom wanted: they come when their menu is opened.
document.addEventListener("show.bs.dropdown", ({ target }) => {
  const list = target.parentElement.querySelector("[data-ordered]");
  if (!list || list.querySelector("[data-step]")) return;
  const buttons = list.parentElement.querySelector("[data-step-buttons]").content;
  [...list.children].forEach((row) => {
    const name = row.querySelector("label").textContent.trim();
    const copy = buttons.cloneNode(true);
    copy.querySelectorAll("[data-step]").forEach((button) => {
      button.title = `Move “${name}” ${button.dataset.step}`;
      button.querySelector(".visually-hidden").textContent = button.title;
    });
    row.append(copy);
  });
});

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-step]");
  if (!button) return;
  const row = button.closest("li");
  const other = button.dataset.step === "up" ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  other[button.dataset.step === "up" ? "before" : "after"](row);
  button.focus();
  row.scrollIntoView({ block: "nearest" });
  const all = [...row.parentElement.children];
  row.closest("form").querySelector("[data-moved]").textContent =
    `${row.querySelector("label").textContent.trim()}: ${all.indexOf(row) + 1} of ${all.length}`;
});

// The words were searched for while they were typed. Leaving the field would ask again, and overtake a click on “Next”.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-live]")) event.stopPropagation();
}, true);

// Addresses hold what is asked for, and nothing empty.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (!detail.elt.matches("[data-tidy]")) return;
  for (const name of [...detail.formData.keys()]) {
    if (!detail.formData.get(name)) detail.formData.delete(name);
  }
});
