/* The page: its parts put together, and the address read for who one is and where. */

import { firstCommands, loadCommands } from "./commands.js";
import { composer } from "./composer.js";
import { h } from "./dom.js";
import { homePane } from "./home.js";
import { icon } from "./icons.js";
import { messageList, threadPane } from "./messages.js";
import { modals } from "./modal.js";
import { actAs, goTo, rolesOf } from "./people.js";
import { actingAs, sidebar } from "./sidebar.js";
import { follow, HOME, nameOf, onChange, people, refresh, set, state } from "./state.js";
import { unreadCount } from "./unread.js";

const ACK_LIMIT_MS = 3000;
const byId = (id) => document.getElementById(id);

function start() {
  const writing = composer(byId("composer"), byId("field"), byId("suggestions"));
  const parts = [
    messageList(byId("log"), byId("jump"), (channel) => intro(channel, writing)),
    threadPane(byId("thread")),
    homePane(byId("home")),
    sidebar(byId("channels"), byId("apps")),
    actingAs(byId("acting-as")),
    modals(() => writing.focus()),
    writing.draw,
    drawHead,
    drawStatus,
  ];
  onChange(() => {
    if (!state.ready || !settle()) return;
    for (const draw of parts) draw();
  });
  byId("jump").append(icon("down"), "New messages");
  byId("send").append(icon("send"));
  themeSwitch(byId("theme"));
  keys(writing);
  window.addEventListener("hashchange", () => goTo(placeOf(location.hash)));
  document.addEventListener("visibilitychange", () => set({}));
  void loadCommands().then(() => set({}));
  void refresh().then(() => writing.focus());
  follow();
}

/** Chooses a person and a place where none is chosen yet or the chosen one has gone. */
function settle() {
  const all = people();
  const wanted = new URLSearchParams(location.search).get("as");
  if (!all.some((one) => one.id === state.me)) {
    state.me = (all.find((one) => one.name === wanted || one.id === wanted) ?? all[0])?.id ?? "";
  }
  const here = state.place === HOME || state.channels.some((one) => one.id === state.place);
  if (!here) state.place = placeOf(location.hash);
  return state.me !== "" && state.place !== "";
}

function placeOf(hash) {
  const name = decodeURIComponent(hash.slice(1));
  if (name === HOME) return HOME;
  const found = state.channels.find((one) => one.name === name || one.id === name);
  return (found ?? state.channels[0])?.id ?? "";
}

function drawHead() {
  const home = state.place === HOME;
  const name = home ? nameOf(state.bot_user) : (state.channels.find((c) => c.id === state.place)?.name ?? "");
  byId("place-icon").replaceChildren(icon(home ? "home" : "hash"));
  byId("place-name").textContent = name;
  byId("place-note").textContent = home ? "Home" : (state.channels.find((c) => c.id === state.place)?.topic ?? "");
  byId("log-frame").hidden = home;
  byId("home").hidden = !home;
  byId("log").setAttribute("aria-label", `Messages in #${name}`);
  byId("me").textContent = `Role: ${rolesOf(state.me) || "none"}`;
  byId("workspace").textContent = state.team?.name ?? "Local Slack";
  const unread = state.channels.reduce((sum, { id }) => sum + (id === state.place ? 0 : unreadCount(id)), 0);
  document.title = `${unread ? `(${unread}) ` : ""}${home ? "" : "#"}${name} · Local Slack`;
}

function drawStatus() {
  byId("online").textContent = state.online ? "Connected" : "Reconnecting…";
  byId("online").classList.toggle("off", !state.online);
  const { ack } = state;
  byId("ack").textContent = ack
    ? `Last ack ${ack.ms < 10 ? ack.ms.toFixed(1) : Math.round(ack.ms)} ms of ${ACK_LIMIT_MS} ms`
    : `No ack yet, the limit is ${ACK_LIMIT_MS} ms`;
  byId("ack-meter").value = Math.min(ACK_LIMIT_MS, ack?.ms ?? 0);
  byId("busy").textContent = state.busy ? `Sending ${state.busy} …` : "";
}

/** What stands above a channel's first message, with commands to begin with. */
function intro(channel, writing) {
  const name = state.channels.find((one) => one.id === channel)?.name ?? "";
  const commands = firstCommands();
  const use = (text) => () => {
    writing.put(text);
    writing.send();
  };
  const build = () =>
    h(
      "section",
      { class: "intro", "aria-label": `About #${name}` },
      h("h2", null, icon("hash"), name),
      h("p", null, "This is the very beginning of this channel. Type a slash command below, or begin with one of these:"),
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

/** Typing anywhere goes to the composer; Alt with an arrow goes to the next channel. */
function keys(writing) {
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.altKey && step) {
      event.preventDefault();
      const at = state.channels.findIndex((one) => one.id === state.place);
      const next = state.channels.at((at + step) % state.channels.length);
      if (next) goTo(next.id);
      return writing.focus();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return undefined;
    if (event.key === " " || event.target.closest("input, textarea, select")) return undefined;
    return writing.focus();
  });
}

start();
