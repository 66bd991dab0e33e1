// The window that signs in hands a code to the frame that opened it: to our own origin, so to nobody else's page.
const place = document.querySelector("[data-hand-over]");
const SECONDS = 10; // that the frame has for taking it
const say = (name, text) => {
  place.querySelectorAll("[data-says]").forEach((part) => { part.hidden = part.dataset.says !== name; });
  if (text) place.querySelector(`[data-says="${name}"]`).textContent = text;
};
const handOver = async () => {
  if (!window.opener) return say("lost");
  say("going");
  const form = new FormData(place.querySelector("form"));
  const answer = await fetch(place.dataset.handOver, { method: "POST", body: form })
    .then((response) => response.json()).catch(() => ({ refusal: "The server cannot be reached. Close this window and begin again." }));
  if (!answer.code) return say("refused", answer.refusal);
  addEventListener("message", ({ origin, data }) => {
    if (origin === location.origin && data?.panelCode === "taken") window.close();
  });
  window.opener.postMessage({ panelCode: answer.code }, location.origin);
  setTimeout(() => say("lost"), SECONDS * 1000);
};
if (place) {
  place.querySelector("[data-continue]")?.addEventListener("click", handOver);
  if (!("isAsked" in place.dataset)) handOver();
}
document.addEventListener("click", ({ target }) => { if (target.closest("[data-close-window]")) window.close(); });
