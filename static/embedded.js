// The panel in a frame of Salesforce's pages. Its sign-in is a token that this script sends with each request: no cookie
// is used. The token lies in the frame's own storage, which browsers keep apart for each site that stands on top.
{ // app.js stands beside it, with names of its own
  const KEY = "tandem panel";
  const store = {
    kept: "", // where storage is closed, a sign-in lasts as long as the page
    get() { try { return sessionStorage.getItem(KEY) || this.kept; } catch { return this.kept; } },
    set(token) { this.kept = token; try { sessionStorage.setItem(KEY, token); } catch { /* as above */ } },
  };
  const panel = document.getElementById("panel");
  const sheet = () => document.getElementById("sheet");

  // The old form of the address: what stands behind the # names the account.
  const old = document.querySelector("[data-hash-form]");
  if (old) {
    const id = new URLSearchParams(location.hash.split("?")[1] || "").get("crm_object_id");
    if (id && location.hash.includes("embedded-crm/account")) {
      location.replace(`${old.dataset.hashForm}?${new URLSearchParams({ crm_object_id: id })}`);
    } else {
      old.firstElementChild.hidden = false;
    }
  }

  const show = () => {
    if (store.get()) return htmx.ajax("GET", panel.dataset.panel, { target: panel, swap: "innerHTML" });
    panel.replaceChildren(document.getElementById("signed-out").content.cloneNode(true));
    panel.removeAttribute("aria-busy");
    return prepare();
  };

  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (store.get()) detail.headers.Authorization = `Panel ${store.get()}`;
    detail.parameters.crm_object_id = panel.dataset.account;
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.xhr.status === 401) store.set("");
  });
  document.addEventListener("htmx:afterSwap", ({ target }) => {
    if (target === panel) panel.removeAttribute("aria-busy");
    if (target === panel && panel.querySelector("[data-signed-out]")) prepare();
    if (target.id === "sheet" && target.firstElementChild && !target.open) target.showModal();
    if (target.id === "sheet") target.querySelector(".is-invalid, input:not([type=hidden]), select, textarea")?.focus();
  });

  // Signing in. The verifier never leaves this page until the window has handed over a code that was made for it.
  let attempt = null;
  const base64url = (bytes) =>
    btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const prepare = async () => {
    const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
    attempt = { verifier, challenge: base64url(new Uint8Array(hash)), window: null };
  };
  const note = (text) => {
    const place = document.querySelector("[data-sign-in-note]");
    if (place) place.textContent = text;
  };
  let chooses = false; // after signing out the window asks before it signs in as the same person again
  const openSignIn = () => {
    if (!attempt) return note("Your browser gives this page no means to sign in: Tandem must be reached by https.");
    const query = new URLSearchParams({ challenge: attempt.challenge, ...(chooses && { choose: "yes" }) });
    attempt.window = window.open(`${panel.dataset.signIn}?${query}`, "_blank", "popup,width=480,height=680");
    note(attempt.window ? "Go on in the window that opened." : "Your browser stopped the window. Allow pop-ups for Salesforce, and try again.");
  };
  addEventListener("message", async ({ origin, source, data }) => {
    // Only the window that was opened here, and only while it is of our own origin.
    if (origin !== location.origin || !attempt?.window || source !== attempt.window) return;
    if (typeof data?.panelCode !== "string") return;
    const { verifier } = attempt;
    source.postMessage({ panelCode: "taken" }, location.origin);
    const answer = await fetch(panel.dataset.token, {
      method: "POST",
      credentials: "omit",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ code: data.panelCode, verifier }),
    }).then((response) => response.json()).catch(() => ({ refusal: "The server cannot be reached." }));
    attempt = null;
    if (answer.token) { store.set(answer.token); chooses = false; show(); } else { await prepare(); note(answer.refusal); }
  });
  const signOut = () => {
    fetch(panel.dataset.signOut, { method: "POST", credentials: "omit", headers: { Authorization: `Panel ${store.get()}` } });
    store.set("");
    chooses = true;
    show();
  };

  // Choosing people, and what is done with them.
  const boxes = () => [...document.querySelectorAll('#people-list input[name="people"]')];
  const showChosen = () => {
    const bar = document.querySelector("[data-bar]");
    if (!bar) return;
    const chosen = boxes().filter((box) => box.checked);
    bar.hidden = chosen.length === 0;
    bar.querySelector("[data-chosen]").textContent = `${chosen.length} chosen`;
    bar.querySelector("[data-needs-new]").hidden = !chosen.some((box) => "new" in box.dataset);
  };
  document.addEventListener("change", ({ target }) => { if (target.name === "people") showChosen(); });
  document.addEventListener("htmx:afterSettle", showChosen);
  document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => { // who is ticked stays so while their row is renewed
    const [before, now] = [detail.target, detail.fragment].map((part) => part.querySelector('input[name="people"]'));
    if (before?.checked && now) now.checked = true;
  });
  document.addEventListener("panel-done", () => {
    boxes().forEach((box) => { box.checked = false; });
    setTimeout(() => sheet()?.close()); // the toast is told through the form in it, and its swap is still to come
    showChosen();
  });
  document.addEventListener("click", (event) => {
    const { target } = event;
    if (target.closest("[data-open-sign-in]")) openSignIn();
    else if (target.closest("[data-sign-out-now]")) signOut();
    else if (target.closest("[data-choose-none]")) { boxes().forEach((box) => { box.checked = false; }); showChosen(); }
    else if (target.closest("[data-close-sheet]")) sheet().close();
    else if (target.closest('[aria-disabled="true"]')) {
      event.preventDefault();
      say(target.closest("[aria-disabled]").title, "info");
    }
  });
  if (panel) show();
  document.addEventListener("close", ({ target }) => { if (target.id === "sheet") target.replaceChildren(); }, true);
  // The list is no form to be sent: Enter in its search only searches.
  document.addEventListener("submit", (event) => { if (event.target.id === "people-form") event.preventDefault(); });
}
