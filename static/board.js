// The board: cards are dragged, moved by the arrow keys on their button, or sent to a stage that is chosen from a list.
// A card moves at once and goes back when the server refuses.
const origins = new Map(); // of the cards that are under way: where each came from

const listsForMoves = () => [...document.querySelectorAll(".board-cards:not([data-closed-to-moves])")];
const isUnderWay = (card) => origins.has(card.id);

const send = (card, from, before) => {
  origins.set(card.id, { from, before });
  htmx.ajax("POST", card.dataset.url, {
    source: card, target: card, swap: "outerHTML", values: { stage: card.parentElement.dataset.stage },
  }).catch(() => {}); // what went wrong is said, and the card put back, by those who hear of it
};

const moveTo = (card, list) => {
  const from = card.parentElement, before = card.nextElementSibling;
  if (!list || list === from || isUnderWay(card)) return;
  const hadFocus = card.contains(document.activeElement);
  list.prepend(card);
  if (hadFocus) card.querySelector("[data-move]").focus();
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
  send(card, from, before);
};

const beside = (card, step) => {
  const lists = listsForMoves(), here = lists.indexOf(card.parentElement);
  return here < 0 ? undefined : lists[here + step];
};

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const sent = detail.requestConfig.elt, origin = origins.get(sent.id); // a new card has taken its place by now
  if (!origin) return;
  origins.delete(sent.id);
  if (!detail.successful) origin.from.insertBefore(sent, origin.before?.isConnected ? origin.before : null);
  const stage = document.getElementById(sent.id)?.closest("[data-stage]").dataset.name;
  document.getElementById("board-said").textContent = `${sent.dataset.name}: ${stage}`;
});

document.addEventListener("keydown", (event) => {
  const card = event.target.closest("[data-move]")?.closest(".board-card");
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!card || !step) return;
  event.preventDefault();
  moveTo(card, beside(card, step));
});

// The list of stages is written when it opens: the columns are what one can move to.
let moving = "";
document.addEventListener("click", (event) => {
  const card = event.target.closest("[data-move]")?.closest(".board-card");
  if (card) openStages(card);
  const choice = event.target.closest("[data-to]");
  if (!choice) return;
  moveTo(document.getElementById(moving), listsForMoves().find((list) => list.dataset.stage === choice.dataset.to));
  tabler.Modal.getInstance(document.getElementById("move-to")).hide();
});

const openStages = (card) => {
  moving = card.id;
  document.getElementById("move-title").textContent = `Move ${card.dataset.name}`;
  document.getElementById("move-stages").replaceChildren(...listsForMoves().map((list) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "list-group-item list-group-item-action";
    button.dataset.to = list.dataset.stage;
    button.textContent = list.dataset.name;
    button.disabled = list === card.parentElement;
    if (button.disabled) button.textContent += " (it is here)";
    return button;
  }));
  tabler.Modal.getOrCreateInstance(document.getElementById("move-to")).show();
};
document.addEventListener("shown.bs.modal", () => document.querySelector("#move-stages button:enabled")?.focus());
document.addEventListener("hidden.bs.modal", () => document.querySelector(`#${moving} [data-move]`)?.focus());

const makeSortable = (list) => new Sortable(list, {
  group: { name: "deals", put: !("closedToMoves" in list.dataset) },
  draggable: ".board-card",
  sort: false,
  animation: 120,
  delay: 200, // a finger that moves sooner scrolls
  delayOnTouchOnly: true,
  ghostClass: "is-ghost",
  onMove: ({ dragged }) => !isUnderWay(dragged),
  onEnd: ({ item, from, to, oldIndex }) => {
    if (from !== to) send(item, from, from.children[oldIndex] ?? null);
  },
});
htmx.onLoad((root) => root.querySelectorAll(".board-cards").forEach(makeSortable));
