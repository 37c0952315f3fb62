/* The composer: slash commands with suggestions, and a history of what was sent. */

import { command, message } from "./actions.js";
import { firstCommands, suggestions } from "./commands.js";
import { h } from "./dom.js";
import { HOME, placeName, say, state } from "./state.js";

/** Connects the form, its text field and its suggestions; returns `{draw, focus, put, send}`. */
export function composer(form, field, list) {
  const history = [];
  let at = null;
  let rows = [];
  let selected = -1;
  let early = false;

  function suggest() {
    rows = at === null ? suggestions(field.value) : [];
    selected = -1;
    list.replaceChildren(...rows.map((row, i) => option(row, i, () => take(row))));
    list.hidden = rows.length === 0;
    field.setAttribute("aria-expanded", String(rows.length > 0));
    field.removeAttribute("aria-activedescendant");
    form.classList.toggle("filled", field.value.trim() !== "");
    field.rows = Math.min(8, field.value.split("\n").length);
  }
  function choose(step) {
    selected = (selected + step + rows.length + (selected < 0 && step < 0 ? 1 : 0)) % rows.length;
    [...list.children].forEach((node, i) => node.setAttribute("aria-selected", String(i === selected)));
    list.children[selected].scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", list.children[selected].id);
  }
  function take(row) {
    if (row.fill !== null) put(row.fill);
    field.focus();
  }
  function put(text) {
    field.value = text;
    at = null;
    suggest();
  }
  function recall(step) {
    const next = (at ?? history.length) + step;
    if (next < 0 || next > history.length) return;
    at = next === history.length ? null : next;
    field.value = history[next] ?? "";
    suggest();
  }
  function send() {
    const text = field.value.trim();
    // A command that was typed before the page has loaded is sent as soon as it has.
    early = text !== "" && state.place === "";
    if (text === "" || early) return;
    if (history.at(-1) !== text) history.push(text);
    put("");
    list.hidden = true;
    field.focus();
    if (text.startsWith("/")) void command(text, state.place);
    else if (inDirectMessage()) void message(text, state.place);
    else say(state.place, `Only slash commands work here. Try \`${firstCommands().at(-1)}\`.`);
  }
  function byKey(event) {
    if (event.isComposing) return;
    const open = !list.hidden;
    const arrow = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const recalls = arrow && (field.value === "" || at !== null);
    if (event.key === "Enter" && !event.shiftKey) {
      if (open && selected >= 0 && rows[selected].fill !== null) take(rows[selected]);
      else send();
    } else if (event.key === "Tab" && !event.shiftKey && open && rows[Math.max(0, selected)].fill !== null) {
      take(rows[Math.max(0, selected)]);
    } else if (event.key === "Escape" && open) list.hidden = true;
    else if (recalls) recall(arrow);
    else if (arrow && open) choose(arrow);
    else return;
    event.preventDefault();
  }
  field.addEventListener("input", () => {
    at = null;
    suggest();
  });
  field.addEventListener("keydown", byKey);
  field.addEventListener("blur", () => {
    list.hidden = true;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  function draw() {
    form.hidden = state.place === HOME;
    if (early) send();
    const direct = inDirectMessage();
    field.placeholder = `Message ${direct ? "" : "#"}${placeName(state.place)}: type / for commands`;
  }
  return { draw, focus: () => field.focus({ preventScroll: true }), put, send };
}

function inDirectMessage() {
  return state.channels.find((one) => one.id === state.place)?.is_im === true;
}

function option({ title, usage, summary, fill }, index, take) {
  const pick = (event) => {
    event.preventDefault();
    take();
  };
  return h(
    "li",
    {
      id: `suggestion-${index}`,
      role: "option",
      class: fill === null ? "usage-only" : null,
      "aria-selected": "false",
      on: { pointerdown: pick },
    },
    h("span", { class: "suggestion-title" }, title),
    usage ? h("span", { class: "suggestion-usage" }, usage) : null,
    summary ? h("span", { class: "suggestion-summary" }, summary) : null,
  );
}
