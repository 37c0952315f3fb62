/* The messages that the acting user has not seen yet, stored in this browser. */

import { locale, state, topLevel, visible } from "./state.js";
import { dayName } from "./dates.js";

const KEY = "local-slack-read";

function load() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

const read = load();

/** Returns the ts up to which the acting user has read a channel, "0" before the first visit. */
export function readUpTo(channel) {
  return read[`${state.me} ${channel}`] ?? "0";
}

/** Marks all messages of a channel as seen by the acting user. */
export function markRead(channel) {
  const newest = visible(channel).at(-1)?.ts;
  if (!newest || Number(newest) <= Number(readUpTo(channel))) return;
  read[`${state.me} ${channel}`] = newest;
  localStorage.setItem(KEY, JSON.stringify(read));
}

/** Returns the number of unseen messages of others in a channel. */
export function unreadCount(channel) {
  const from = Number(readUpTo(channel));
  return visible(channel).filter((m) => Number(m.ts) > from && m.user !== state.me).length;
}

/** Returns the rows of a channel: messages, lines between days, and the line above new messages. */
export function rows(channel, newFrom) {
  const result = [];
  let day = null;
  let before = null;
  let marked = newFrom === null;
  for (const message of visible(channel).filter(topLevel)) {
    const name = dayName(new Date(Number(message.ts) * 1000), locale());
    if (name !== day) result.push({ kind: "day", name });
    if (!marked && Number(message.ts) > Number(newFrom) && message.user !== state.me) {
      result.push({ kind: "new" });
      marked = true;
      before = null;
    }
    result.push({ kind: "message", message, compact: name === day && follows(before, message) });
    [day, before] = [name, message];
  }
  return result;
}

/** Whether a message is drawn below the avatar of the message before it. */
function follows(before, message) {
  if (!before || before.user !== message.user) return false;
  if (before.ephemeral_to || message.ephemeral_to) return false;
  return Number(message.ts) - Number(before.ts) < 300;
}
