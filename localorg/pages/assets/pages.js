"use strict";

// Lookups: suggestions while typing; the chosen record's id goes into the hidden input behind the name.
for (const lookup of document.querySelectorAll(".lookup")) {
  const [input, id] = lookup.querySelectorAll("input");
  const list = lookup.querySelector("ul");
  let asked = 0;
  let active = -1;

  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    active = -1;
  };
  const choose = (option) => {
    input.value = option.dataset.name;
    id.value = option.dataset.id;
    close();
  };
  const activate = (index) => {
    const options = list.querySelectorAll("[role=option]");
    if (!options.length) return;
    active = (index + options.length) % options.length;
    options.forEach((option, number) => option.setAttribute("aria-selected", String(number === active)));
    input.setAttribute("aria-activedescendant", options[active].id);
    options[active].scrollIntoView({ block: "nearest" });
  };
  const show = (found) => {
    list.replaceChildren(...found.map((record, number) => {
      const option = document.createElement("li");
      const kind = document.createElement("small");
      kind.textContent = record.object;
      option.append(record.name, " ", kind);
      option.role = "option";
      option.id = `${list.id}-${number}`;
      option.dataset.id = record.id;
      option.dataset.name = record.name;
      option.addEventListener("mousedown", (event) => { event.preventDefault(); choose(option); });
      return option;
    }));
    if (!found.length) {
      const none = document.createElement("li");
      none.className = "none";
      none.textContent = "Nothing found";
      list.append(none);
    }
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    active = -1;
  };
  input.addEventListener("input", async () => {
    id.value = "";
    const text = input.value.trim();
    const turn = ++asked;
    if (!text) return close();
    const query = new URLSearchParams({ object: lookup.dataset.objects, q: text });
    const answer = await fetch(`/lookup?${query}`);
    if (turn === asked && answer.ok) show(await answer.json());
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") activate(active + 1);
    else if (event.key === "ArrowUp") activate(active - 1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && active >= 0) choose(list.querySelectorAll("[role=option]")[active]);
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", close);
}

for (const button of document.querySelectorAll("[data-choose]")) {
  button.addEventListener("click", () => {
    document.getElementById(button.dataset.choose).value = button.dataset.name;
    document.getElementsByName(`${button.dataset.choose}.id`)[0].value = button.dataset.id;
  });
}

// What cannot be taken back is asked about, be it a form's only button or one of several.
for (const asking of document.querySelectorAll("[data-confirm]")) {
  asking.addEventListener(asking.tagName === "FORM" ? "submit" : "click", (event) => {
    if (!window.confirm(asking.dataset.confirm)) event.preventDefault();
  });
}

// A button that needs two or three chosen rows is off until there are.
for (const button of document.querySelectorAll("[data-needs-chosen]")) {
  const count = () => {
    const chosen = button.form.querySelectorAll("input[name=id]:checked").length;
    button.disabled = chosen < 2 || chosen > 3;
  };
  button.form.addEventListener("change", count);
  count();
}
