// Quick search: Ctrl-K opens it anywhere. The field keeps the focus; the arrow keys say which of the hits Enter opens.
const quick = document.getElementById("quick"), quickText = document.getElementById("quick-text");

const openQuick = () => tabler.Modal.getOrCreateInstance(quick).show();
const hits = () => [...quick.querySelectorAll(".quick-hit")];

const choose = (hit) => {
  hits().forEach((one) => one.setAttribute("aria-selected", one === hit));
  quickText.setAttribute("aria-activedescendant", hit?.id ?? "");
  hit?.scrollIntoView({ block: "nearest" });
};

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  event.preventDefault();
  if (!document.querySelector(".modal.show")) openQuick();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-quick]"); // a link to the page of the search, where there is no JavaScript
  if (!button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  openQuick();
});

quick.addEventListener("shown.bs.modal", () => {
  quickText.focus();
  quickText.select();
  htmx.trigger(quickText, "quick-open");
});
quick.addEventListener("htmx:afterSwap", () => choose(hits()[0]));

quickText.addEventListener("keydown", (event) => {
  const all = hits(), here = all.findIndex((hit) => hit.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && all.length) {
    event.preventDefault();
    choose(all[(here + step + all.length) % all.length]);
  }
  if (event.key === "Enter" && all[here]) {
    event.preventDefault();
    all[here].click();
  }
});
