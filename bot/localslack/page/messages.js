/* The list of a channel's messages, and the pane of one thread. */

import { clickOnMessage } from "./actions.js";
import { drawBlocks } from "./blocks.js";
import { clock, fullDate } from "./dates.js";
import { h, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { mrkdwn } from "./mrkdwn.js";
import { avatar, surface } from "./people.js";
import { dismiss, HOME, locale, nameOf, placeName, set, state, topLevel, visible } from "./state.js";
import { markRead, readUpTo, rows, unreadCount } from "./unread.js";

const NEAR_END = 80;

/** Draws the message list in `log` from the state; `intro` returns the text above it. */
export function messageList(log, jump, intro) {
  let shown = null;
  let newFrom = null;
  const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
  const toEnd = () => {
    log.scrollTop = log.scrollHeight;
  };
  jump.addEventListener("click", toEnd);
  log.addEventListener("scroll", () => {
    if (atEnd()) jump.hidden = true;
  });
  return function draw() {
    const { place: channel, me } = state;
    if (channel === HOME) return;
    const arrived = shown !== `${me} ${channel}`;
    if (arrived) {
      shown = `${me} ${channel}`;
      newFrom = unreadCount(channel) && readUpTo(channel) !== "0" ? readUpTo(channel) : null;
    }
    const stick = arrived || atEnd();
    const before = log.lastElementChild;
    reconcile(log, [intro(channel), ...items(channel, newFrom)]);
    if (showLinked(log)) return;
    if (stick) toEnd();
    else if (log.lastElementChild !== before) jump.hidden = false;
    if (document.visibilityState === "visible") markRead(channel);
  };
}

/** Scrolls once to the message of an opened permalink; returns whether there was one. */
function showLinked(log) {
  const node = state.linkedTs && log.querySelector(`[data-ts="${CSS.escape(state.linkedTs)}"]`);
  if (!node) return false;
  state.linkedTs = null;
  node.scrollIntoView({ block: "center" });
  node.classList.add("linked");
  node.focus({ preventScroll: true });
  return true;
}

function items(channel, newFrom) {
  const replies = threads(channel);
  return rows(channel, newFrom).map((row) => {
    if (row.kind === "day") return line(`day ${row.name}`, "day", row.name);
    if (row.kind === "new") return line("new", "new", "New");
    return messageItem(row.message, channel, row.compact, replies.get(row.message.ts) ?? []);
  });
}

function threads(channel) {
  const replies = new Map();
  for (const message of visible(channel)) {
    const root = message.thread_ts;
    if (root && root !== message.ts) replies.set(root, [...(replies.get(root) ?? []), message]);
  }
  return replies;
}

function line(key, kind, words) {
  const build = () => h("div", { class: `line line-${kind}`, role: "separator", "aria-label": words }, h("span", null, words));
  return { key: `line ${key}`, signature: words, build };
}

function messageItem(message, channel, compact, replies) {
  const names = `${nameOf(message.user)} ${state.users.length} ${state.me}`;
  const signature = JSON.stringify([message, compact, names, replies.map((r) => [r.ts, r.user])]);
  return { key: `${channel} ${message.ts}`, signature, build: () => drawMessage(message, channel, compact, replies) };
}

function drawMessage(message, channel, compact, replies) {
  const who = nameOf(message.user);
  const time = clock(message.ts, locale());
  const ephemeral = Boolean(message.ephemeral_to);
  return h(
    "article",
    {
      class: `message${compact ? " compact" : ""}${ephemeral ? " ephemeral" : ""}`,
      "aria-label": `${who}, ${time}`,
      tabindex: -1,
      "data-ts": message.ts,
    },
    h("div", { class: "gutter" }, compact ? stamp(message, time) : avatar(message.user)),
    h(
      "div",
      { class: "message-main" },
      ephemeral ? h("div", { class: "only-you" }, icon("eye"), "Only visible to you") : null,
      compact ? null : heading(message, who, time),
      h("div", { class: "body" }, body(message, channel)),
      replies.length ? threadLink(message, replies) : null,
      ephemeral ? dismissLine(message) : null,
    ),
  );
}

function stamp(message, time) {
  const when = new Date(Number(message.ts) * 1000).toISOString();
  return h("time", { class: "stamp", datetime: when, title: fullDate(message.ts, locale()) }, time);
}

function heading(message, who, time) {
  const app = message.user === state.bot_user;
  return h(
    "header",
    null,
    h("span", { class: "name" }, who),
    app ? h("span", { class: "app-badge" }, "APP") : null,
    stamp(message, time),
  );
}

function body(message, channel) {
  const ctx = surface((action) => clickOnMessage(message, channel, action));
  const blocks = message.blocks ?? [];
  const nodes = blocks.length
    ? drawBlocks(blocks, ctx)
    : [h("div", { class: "text" }, mrkdwn(message.text ?? "", ctx))];
  if (message.edited) addEdited(nodes);
  return nodes;
}

/** Appends "(edited)" to the last line of text, or below if the message does not end with text. */
function addEdited(nodes) {
  const mark = h("span", { class: "edited" }, "\u00a0(edited)");
  const last = nodes.at(-1);
  const text = last.matches(".text") ? last : last.querySelector(".section-main:only-child > .text:last-child");
  if (text?.lastElementChild?.matches(".run")) text.append(mark);
  else nodes.push(mark);
}

function threadLink(message, replies) {
  const faces = [...new Set(replies.map((reply) => reply.user))].slice(0, 4);
  const words = `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`;
  const click = () => set({ thread: message.ts });
  return h(
    "button",
    { type: "button", class: "thread-link", on: { click } },
    faces.map((face) => avatar(face, "tiny")),
    h("span", { class: "count" }, words),
    h("span", { class: "last" }, `Last reply ${clock(replies.at(-1).ts, locale())}`),
  );
}

function dismissLine(message) {
  const click = () => dismiss(message.ts);
  return h("button", { type: "button", class: "dismiss", on: { click } }, "Dismiss message");
}

/** Draws the thread pane from the state. */
export function threadPane(pane) {
  const list = h("div", { class: "thread-list", role: "log" });
  const where = h("span", { class: "where" });
  const shut = () => set({ thread: null });
  const button = h("button", { type: "button", class: "icon-button", "aria-label": "Close thread", on: { click: shut } }, icon("close"));
  pane.append(h("header", null, h("h2", null, "Thread"), where, button), list);
  pane.addEventListener("keydown", (event) => {
    if (event.key === "Escape") shut();
  });
  return function draw() {
    const { thread, place: channel } = state;
    const opened = pane.hidden;
    pane.hidden = !thread;
    if (!thread) return;
    const all = visible(channel);
    const root = all.filter((m) => m.ts === thread && topLevel(m));
    const replies = all.filter((m) => m.thread_ts === thread && m.ts !== thread);
    const words = `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`;
    where.textContent = placeName(channel);
    reconcile(list, [
      ...root.map((m) => messageItem(m, channel, false, [])),
      line("replies", "replies", words),
      ...replies.map((m) => messageItem(m, channel, false, [])),
    ]);
    if (opened) button.focus();
  };
}
