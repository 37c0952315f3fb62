/* The side panel: the queue and the wire. Its data is read only while it is open. */

import { get } from "./api.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { queueTab } from "./queue.js";
import { set, state } from "./state.js";
import { wireTab } from "./wire.js";

const EVERY_MS = 700;
const KEY = "local-slack-panel";
const TABS = { queue: "Queue", wire: "Traffic" };

/** Reads the panel's data once; returns false if the local Slack has none. */
export async function readPanel() {
  const actions = state.deeds.length;
  const backstage = await get("/_local/panel");
  // A reading that began before an action may not show its effect.
  const isStale = state.backstage !== null && state.deeds.length > actions;
  if (backstage && !isStale) set({ backstage, backstageAt: Date.now() });
  return backstage !== null;
}

/** Connects the pane and its button; returns `{draw, toggle, openQueue}`. */
export function sidePanel(pane, button) {
  let tab = readSetting("tab") ?? "queue";
  let timer = null;
  const bodies = { queue: queueTab(), wire: wireTab() };
  const tabs = Object.entries(TABS).map(([name, words]) => tabButton(name, words, () => choose(name)));
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": "Side panel", on: { keydown: byKey } }, tabs);
  const shut = h("button", { type: "button", class: "icon-button", "aria-label": "Close side panel", on: { click: toggle } }, icon("close"));
  pane.append(h("header", null, list, shut), bodies.queue.node, bodies.wire.node);
  button.append(icon("pulse"), h("span", { class: "label" }, "Behind the scenes"));
  button.addEventListener("click", toggle);
  pane.addEventListener("keydown", (event) => event.key === "Escape" && toggle());

  function choose(name) {
    tab = name;
    saveSetting("tab", name);
    draw();
  }
  function byKey(event) {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    const open = tabs.filter((one) => !one.hidden);
    const next = open[(open.findIndex((one) => one.dataset.tab === tab) + 1) % open.length];
    choose(next.dataset.tab);
    next.focus();
  }
  function toggle() {
    show(pane.hidden);
    saveSetting("open", pane.hidden ? "no" : "yes");
    if (pane.hidden) button.focus();
    else tabs.find((one) => one.dataset.tab === tab)?.focus();
  }
  function show(open) {
    pane.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    clearTimeout(timer);
    if (!open) return;
    draw();
    void poll();
  }
  async function poll() {
    clearTimeout(timer);
    if (document.visibilityState === "visible") await readPanel();
    if (!pane.hidden) timer = setTimeout(poll, EVERY_MS);
  }
  function draw() {
    button.hidden = state.backstage === null && pane.hidden;
    if (state.backstage === null || pane.hidden) return;
    const shown = state.backstage.tables ? tab : "wire";
    for (const one of tabs) {
      const selected = one.dataset.tab === shown;
      one.hidden = one.dataset.tab === "queue" && !state.backstage.tables;
      one.setAttribute("aria-selected", String(selected));
      one.tabIndex = selected ? 0 : -1;
      bodies[one.dataset.tab].node.hidden = !selected;
    }
    bodies[shown].draw(state.backstage);
  }
  function openQueue() {
    choose("queue");
    if (pane.hidden) toggle();
  }
  if (readSetting("open") === "yes") show(true);
  return { draw, toggle, openQueue };
}

function tabButton(name, words, click) {
  const props = { type: "button", role: "tab", "data-tab": name, "aria-controls": `tab-${name}`, on: { click } };
  return h("button", props, words);
}

function readSetting(name) {
  try {
    return localStorage.getItem(`${KEY}-${name}`);
  } catch {
    return null;
  }
}

function saveSetting(name, value) {
  localStorage.setItem(`${KEY}-${name}`, value);
}
