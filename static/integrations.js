// One box for all the boxes of its table.
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-select-all]")) return;
  const boxes = document.querySelectorAll(event.target.dataset.selectAll);
  boxes.forEach((box) => { box.checked = event.target.checked; });
});

// Selects of the same hundreds of options: the page has them once, in a template.
document.addEventListener("htmx:load", ({ target }) => {
  target.querySelectorAll("select[data-options]").forEach((select) => {
    const options = document.getElementById(select.dataset.options).content.cloneNode(true);
    const chosen = select.value && options.querySelector(`option[value="${CSS.escape(select.value)}"]`);
    if (chosen) {
      select.selectedOptions[0].remove();
      chosen.defaultSelected = true;
    }
    select.append(options);
  });
});

// What is filled in while a form is on its way stands in the form that is answered, and is said of it once more.
const isBox = (field) => ["checkbox", "radio"].includes(field.type);
const keyOf = (field) => (isBox(field) ? `${field.name} ${field.value}` : field.name);
const filledIn = (form) => new Map([...form.elements].filter((field) => field.name && field.type !== "hidden")
  .map((field) => [keyOf(field), isBox(field) ? field.checked : field.value]));
const sent = new WeakMap(), later = new WeakMap(); // by request

document.addEventListener("htmx:beforeSend", ({ detail: { elt, target, xhr } }) => {
  const form = elt.closest("form");
  if (form && target.contains(form)) sent.set(xhr, [form, filledIn(form)]);
});
document.addEventListener("htmx:beforeSwap", ({ detail: { xhr } }) => {
  if (!sent.has(xhr)) return;
  const [form, before] = sent.get(xhr);
  later.set(xhr, new Map([...filledIn(form)].filter(([key, value]) => before.has(key) && before.get(key) !== value)));
});
document.addEventListener("htmx:afterSettle", ({ target, detail: { xhr } }) => {
  const form = later.get(xhr)?.size && (target.matches("form") ? target : target.querySelector("form"));
  if (!form) return;
  const changed = [...form.elements].filter((field) => later.get(xhr).has(keyOf(field)));
  changed.forEach((field) => {
    field[isBox(field) ? "checked" : "value"] = later.get(xhr).get(keyOf(field));
    if (field.selectedIndex === -1) field.selectedIndex = 0; // no longer offered
  });
  changed.at(-1)?.dispatchEvent(new Event("change", { bubbles: true }));
});

// On a narrow screen the tab that is open may lie beyond the edge.
document.querySelectorAll(".nav-tabs .active, .nav-pills [aria-current]").forEach((tab) => tab.scrollIntoView({ block: "nearest", inline: "center" }));

// A link to a folded card opens it.
const unfold = () => document.querySelector(`details[id="${CSS.escape(location.hash.slice(1))}"]`)?.setAttribute("open", "");
addEventListener("hashchange", unfold);
unfold();

// A side panel opens when something was put into it, and gives the focus back to what asked for it when it closes.
let opener = "";
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target.id !== "panel-content") return;
  const panel = document.getElementById("panel");
  if (!detail.target.querySelector("form")) delete panel.dataset.changed; // saved
  if (panel.classList.contains("show")) {
    panel.querySelector(".alert-danger, .btn-close")?.scrollIntoView({ block: "nearest" });
    if (!panel.contains(document.activeElement)) panel.focus(); // what had it is gone: Escape must still close the panel
  } else opener = detail.requestConfig?.elt?.id || "";
  if (detail.target.childElementCount) tabler.Offcanvas.getOrCreateInstance(panel).show();
});
document.addEventListener("panel-done", () => {
  const panel = document.getElementById("panel");
  delete panel.dataset.changed;
  tabler.Offcanvas.getInstance(panel)?.hide();
});
// What was chosen in it and not saved is not lost by a click beside it.
document.addEventListener("input", ({ target }) => {
  const panel = target.closest("#panel");
  if (panel && target.type !== "search") panel.dataset.changed = "1";
});
document.addEventListener("hide.bs.offcanvas", (event) => {
  const { changed } = event.target.dataset;
  if (changed && !confirm("Close without saving? What you changed here is lost.")) event.preventDefault();
});
document.addEventListener("hidden.bs.offcanvas", ({ target }) => delete target.dataset.changed);
document.addEventListener("hidden.bs.offcanvas", () => document.getElementById(opener)?.focus());
