/* The page: connects its parts, and reads the acting user and the place from the address. */

import { leave } from "./actions.js";
import { firstCommands, loadCommands } from "./commands.js";
import { composer } from "./composer.js";
import { h } from "./dom.js";
import { guide } from "./guide.js";
import { homePane } from "./home.js";
import { icon } from "./icons.js";
import { messageList, threadPane } from "./messages.js";
import { modals } from "./modal.js";
import { readPanel, sidePanel } from "./panel.js";
import { goTo, goToHash, rolesOf } from "./people.js";
import { actingAs, sidebar } from "./sidebar.js";
import { follow, HOME, onChange, people, placeName, places, refresh, set, state } from "./state.js";
import { unreadCount } from "./unread.js";

const ACK_LIMIT_MS = 3000;
const byId = (id) => document.getElementById(id);

function start() {
  const writing = composer(byId("composer"), byId("field"), byId("suggestions"));
  const panel = sidePanel(byId("panel"), byId("behind"));
  const parts = [
    messageList(byId("log"), byId("jump"), (channel) => intro(channel, writing)),
    threadPane(byId("thread")),
    homePane(byId("home")),
    sidebar(byId("channels"), byId("apps")),
    actingAs(byId("acting-as")),
    modals(writing.focus),
    writing.draw,
    drawHead,
    drawStatus,
    panel.draw,
    guide(byId("guide"), { openPanel: panel.openQueue, focus: writing.focus }),
  ];
  onChange(() => {
    if (!state.ready || !settle()) return;
    for (const draw of parts) draw();
  });
  byId("jump").append(icon("down"), "New messages");
  byId("send").append(icon("send"));
  themeSwitch(byId("theme"));
  keys(writing, panel.toggle);
  window.addEventListener("hashchange", () => goToHash(location.hash));
  document.addEventListener("visibilitychange", () => set({}));
  window.addEventListener("pagehide", () => state.views[state.me]?.length && leave());
  void loadCommands().then(() => set({}));
  void readPanel();
  writing.focus();
  void refresh();
  follow();
}

/** Chooses a person and a place if there is none yet, or if it no longer exists. */
function settle() {
  const all = people();
  const requestedName = new URLSearchParams(location.search).get("as");
  if (!all.some((one) => one.id === state.me)) {
    state.me = (all.find((one) => one.name === requestedName || one.id === requestedName) ?? all[0])?.id ?? "";
  }
  const here = state.place === HOME || places().some((one) => one.id === state.place);
  if (here || state.me === "" || places().length === 0) return here;
  goToHash(state.place === "" ? location.hash : "");
  return false;
}

function drawHead() {
  const home = state.place === HOME;
  const name = placeName(state.place);
  const direct = !home && state.channels.find((one) => one.id === state.place)?.is_im === true;
  byId("place-icon").replaceChildren(icon(home ? "home" : direct ? "robot" : "hash"));
  byId("place-name").textContent = name;
  byId("place-note").textContent = home ? "Home" : direct ? "Direct messages" : "";
  byId("log-frame").hidden = home;
  byId("home").hidden = !home;
  byId("log").setAttribute("aria-label", `Messages in ${direct ? "" : "#"}${name}`);
  const roles = rolesOf(state.me);
  byId("me").hidden = roles === null;
  byId("me").textContent = `Role: ${roles}`;
  byId("workspace").textContent = state.team?.name ?? "Local Slack";
  const unread = places().reduce((sum, { id }) => sum + (id === state.place ? 0 : unreadCount(id)), 0);
  document.title = `${unread ? `(${unread}) ` : ""}${home || direct ? "" : "#"}${name} · Local Slack`;
}

function drawStatus() {
  byId("online").textContent = state.online ? "Connected" : "Reconnecting…";
  byId("online").classList.toggle("off", !state.online);
  const { ack } = state;
  const late = ack?.ms === null;
  const ms = (ack?.ms ?? 0) < 10 ? (ack?.ms ?? 0).toFixed(1) : Math.round(ack.ms);
  const words = late ? `No ack within ${ACK_LIMIT_MS} ms` : `Last ack: ${ms} ms of ${ACK_LIMIT_MS} ms allowed`;
  byId("ack").textContent = ack ? words : `No ack yet, the limit is ${ACK_LIMIT_MS} ms`;
  byId("ack-meter").value = late ? ACK_LIMIT_MS : Math.min(ACK_LIMIT_MS, ack?.ms ?? 0);
  byId("busy").textContent = state.busy ? `Sending ${state.busy} …` : "";
}

/** Returns the text above a channel's first message, with the first commands to try. */
function intro(channel, writing) {
  const name = placeName(channel);
  const commands = firstCommands();
  const use = (text) => () => {
    writing.put(text);
    writing.send();
  };
  const build = () =>
    h(
      "section",
      { class: "intro", "aria-label": `About ${name}` },
      h("h2", null, icon("hash"), name),
      h("p", null, "This is the very beginning of this channel. Type a slash command below, or start with one of these:"),
      h(
        "div",
        { class: "tries" },
        commands.map((text) => h("button", { type: "button", class: "try", on: { click: use(text) } }, text)),
      ),
    );
  return { key: `intro ${channel}`, signature: JSON.stringify([name, commands]), build };
}

function themeSwitch(button) {
  const root = document.documentElement;
  const isDark = () =>
    (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const draw = () => {
    button.replaceChildren(icon(isDark() ? "sun" : "moon"));
    button.setAttribute("aria-label", isDark() ? "Switch to light theme" : "Switch to dark theme");
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    localStorage.setItem("local-slack-theme", root.dataset.theme);
    draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
}

/** Handles keys: text goes to the composer, Alt with an arrow to the next channel, Ctrl+. to the panel. */
function keys(writing, togglePanel) {
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return undefined;
    if ((event.ctrlKey || event.metaKey) && event.key === ".") return togglePanel();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.altKey && step) {
      event.preventDefault();
      const at = places().findIndex((one) => one.id === state.place);
      const next = places().at((at + step) % places().length);
      if (next) goTo(next.id);
      return writing.focus();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return undefined;
    if (event.key === " " || event.target.closest("input, textarea, select")) return undefined;
    return writing.focus();
  });
}

start();
