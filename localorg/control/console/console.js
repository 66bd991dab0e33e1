// The page only asks and tells the control endpoints; whatever it can do, a test can do by HTTP.
const EVERY = 1500; // ms between two looks
const SHOWN = 300; // rows of the log
const PRESETS = {
  "Slow: 300 ms": { do: "delay", delay_ms: 300 },
  "Reply lost after the commit, once": { match: { method: "POST" }, do: "drop_after", times: 1 },
  "Late create, once": { match: { method: "POST", path: "/sobjects" }, do: "late", times: 1, delay_ms: 500 },
  "A tenth of rows locked": { do: "lock", probability: 0.1 },
  "3 rows refused": { do: "refuse", code: "FIELD_CUSTOM_VALIDATION_EXCEPTION", times: 3 },
  "Flaky edge: 5 % 503": { do: "status", status: 503, probability: 0.05 },
  "Cut replies: 5 %": { do: "truncate", probability: 0.05 },
  "Pages out of order": { match: { path: "/query" }, do: "reorder_page" },
  "A page twice": { match: { path: "/query/01g" }, do: "duplicate_page", times: 1 },
  "Limit reached": { do: "limit" },
  "Session expires, once": { do: "expire", times: 1 },
};
const NUMBERS = ["times", "probability", "delay_ms", "after", "seed", "status"];
const MATCHED = ["method", "path", "object"];

const by = (id) => document.getElementById(id);
const grouped = new Intl.NumberFormat("en");
let latest = 0;
let calls = [];

function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function say(text, bad = false) {
  by("message").textContent = text;
  by("message").classList.toggle("bad", bad);
}

async function ask(method, path, body) {
  const answer = await fetch(`/localorg/${path}`, {
    method,
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error ?? answer.statusText);
  return told;
}

/** Does something, says that it is done, and shows what has become of it. */
async function act(done, action) {
  try {
    await action();
    say(done);
    await look();
  } catch (error) {
    say(error.message, true);
  }
}

function described(rule) {
  const where = MATCHED.filter((name) => rule.match[name]).map((name) => `${name} ${rule.match[name]}`);
  const how = [];
  if (rule.after) how.push(`after ${rule.after} more`);
  if (rule.times !== null) how.push(rule.times ? `${rule.times}× more` : "used up");
  if (rule.probability < 1) how.push(`probability ${rule.probability}`);
  for (const name of ["delay_ms", "status", "code", "message", "seed"]) if (rule[name]) how.push(`${name} ${rule[name]}`);
  return `${where.length ? where.join(", ") : "everything"}${how.length ? " · " + how.join(", ") : ""} · acted ${rule.fired}×`;
}

let rulesShown = "";
function showRules(rules) {
  by("no-rules").hidden = rules.length > 0;
  if (JSON.stringify(rules) === rulesShown) return; // a button that has the focus keeps it
  rulesShown = JSON.stringify(rules);
  by("rules").replaceChildren(...rules.map((rule) => {
    const item = element("li");
    const text = element("span");
    text.append(element("b", rule.do), " ", element("span", described(rule)));
    const remove = element("button", "Remove");
    remove.setAttribute("aria-label", `Remove ${rule.do}`);
    remove.onclick = () => act("Removed.", () => ask("DELETE", `faults/${rule.id}`));
    item.append(text, remove);
    return item;
  }));
}

function showSettings(settings, clock) {
  by("usage").textContent = `${grouped.format(settings.used)} of ${grouped.format(settings.daily_limit)}`;
  by("usage-bar").max = Math.max(settings.daily_limit, 1);
  by("usage-bar").value = settings.used;
  by("now").textContent = clock.now.slice(0, 19).replace("T", " ");
  by("ahead").textContent = clock.ahead ? `${grouped.format(Math.round(clock.ahead))} s ahead of this machine` : "as this machine's";
  for (const input of by("settings").elements) {
    if (input.name) input.placeholder = settings[input.name];
  }
}

function bytes(count) {
  return count < 10_000 ? grouped.format(count) : `${grouped.format(Math.round(count / 1000))} k`;
}

function readable(path) {
  const short = path.replace("/services/data/", "").replaceAll("+", " ");
  try {
    return decodeURIComponent(short);
  } catch {
    return short; // cut in the middle, or never well-formed
  }
}

function rowOf(call) {
  const row = element("tr");
  const what = element("td", `${call.method} ${readable(call.path)}`, "call");
  if (call.faults.length) what.append(element("small", `faults: ${call.faults.join(", ")}`, "is-warn"));
  const status = element("td", call.status || "cut", !call.status || call.status >= 400 ? "is-bad" : "");
  if (call.error) status.append(element("small", call.error));
  const counted = [];
  if (call.rows_in) counted.push(`${grouped.format(call.rows_in)} in`);
  if (call.rows_out) counted.push(`${grouped.format(call.rows_out)} out`);
  const rows = element("td", counted.join(", "), "number");
  if (call.rows_refused) rows.append(element("small", `${call.rows_refused} refused`, "is-bad"));
  const who = element("td", call.user.split("@")[0], "who");
  who.append(element("small", call.client.slice(0, 30)));
  row.append(
    element("td", call.at.slice(11, 19)), what, status, rows,
    element("td", `${call.calls} ${call.calls === 1 ? "call" : "calls"}`, "number"), element("td", `${grouped.format(call.milliseconds)} ms`, "number"),
    element("td", `${bytes(call.bytes_in)} / ${bytes(call.bytes_out)}`, "number bytes"), who,
  );
  return row;
}

function isWanted(call) {
  if (by("errors").checked && call.status && call.status < 400 && !call.rows_refused && !call.faults.length) return false;
  const text = by("filter").value.toLowerCase();
  return !text || `${readable(call.path)} ${JSON.stringify(Object.values(call))}`.toLowerCase().includes(text);
}

function showCalls() {
  const wanted = calls.filter(isWanted).slice(-SHOWN).reverse();
  by("log").replaceChildren(...wanted.map(rowOf));
  by("no-calls").hidden = wanted.length > 0;
}

function showTotals(totals) {
  const number = (name) => grouped.format(totals[name]);
  by("totals").textContent = `${number("requests")} requests, ${number("calls")} count against the limit, ${number("errors")} failed; `
    + `rows: ${number("rows_in")} in (${number("rows_refused")} refused), ${number("rows_out")} out`;
}

async function look() {
  const [rules, settings, clock, log] = await Promise.all([
    ask("GET", "faults"), ask("GET", "settings"), ask("GET", "clock"), ask("GET", `calls/log?since=${latest}`),
  ]);
  showRules(rules);
  showSettings(settings, clock);
  showTotals(log.totals);
  if (log.latest < latest) calls = []; // the org was started anew
  const anew = latest === 0 || log.calls.length > 0 || log.latest < latest;
  latest = log.latest;
  calls = [...calls, ...log.calls].slice(-2000);
  if (anew) showCalls();
}

function ruleOf(form) {
  const rule = { match: {} };
  for (const [name, value] of new FormData(form)) {
    if (value === "") continue;
    if (MATCHED.includes(name)) rule.match[name] = value;
    else rule[name] = NUMBERS.includes(name) ? Number(value) : value;
  }
  return rule;
}

by("presets").append(...Object.entries(PRESETS).map(([title, rule]) => {
  const button = element("button", title);
  button.onclick = () => act(`${title}: added.`, () => ask("PATCH", "faults", [rule]));
  return button;
}));
by("rule").onsubmit = (event) => {
  event.preventDefault();
  act("The fault is in force.", () => ask("PATCH", "faults", [ruleOf(event.target)]));
};
by("clear").onclick = () => act("No more faults.", () => ask("POST", "faults", []));
by("settings").onsubmit = (event) => {
  event.preventDefault();
  const given = [...new FormData(event.target)].filter(([, value]) => value !== "");
  act("Set.", async () => {
    await ask("POST", "settings", Object.fromEntries(given.map(([name, value]) => [name, Number(value)])));
    event.target.reset();
  });
};
for (const button of document.querySelectorAll("[data-advance]")) {
  button.onclick = () => act(`The clock is ${button.textContent} further.`, () => ask("POST", "clock", { advance: Number(button.dataset.advance) }));
}
by("right").onclick = () => act("The clock is right.", () => ask("POST", "clock", { ahead: 0 }));
by("reset").onclick = () => {
  if (confirm("Put all records back to how the org was made?")) act("The records are as they were made.", () => ask("POST", "reset"));
};
by("forget").onclick = () => act("Forgotten.", async () => {
  await ask("DELETE", "calls");
  calls = [];
  showCalls();
});
by("pause").onclick = ({ target }) => {
  const paused = target.getAttribute("aria-pressed") === "false";
  target.setAttribute("aria-pressed", paused);
  target.textContent = paused ? "Go on" : "Pause";
};
by("filter").oninput = showCalls;
by("errors").onchange = showCalls;

async function watch() {
  const resting = document.hidden || by("pause").getAttribute("aria-pressed") === "true";
  if (!resting) await look().catch(() => say("The org does not answer.", true));
  setTimeout(watch, EVERY);
}
watch();
