/* The local Slack's state, the acting user and the open place; listeners learn of each change. */

import { get } from "./api.js";

/** The place that shows the bot's App Home instead of a channel. */
export const HOME = "app-home";

export const state = {
  ready: false,
  online: false,
  users: [],
  channels: [],
  groups: [],
  messages: {},
  views: {},
  homes: {},
  bot_user: "",
  me: "",
  place: "",
  thread: null,
  linkedTs: null,
  ack: null,
  busy: "",
  backstage: null,
  backstageAt: 0,
  deeds: [],
};

const listeners = new Set();
const local = new Map();
const dismissed = new Set();
let running = null;
let again = false;

/** Calls `listener` after each change. */
export function onChange(listener) {
  listeners.add(listener);
}

/** Sets these values and calls every listener. */
export function set(values) {
  Object.assign(state, values);
  for (const listener of listeners) listener();
}

/** Notes an action of the acting user and its result, for the guide. */
export function did(deed) {
  state.deeds.push(deed);
}

/** Reads the whole state again; calls during a reading cause one more reading. */
export function refresh() {
  again = true;
  running ??= readAll().finally(() => {
    running = null;
  });
  return running;
}

async function readAll() {
  while (again) {
    again = false;
    const fresh = await get("/_local/state");
    if (!fresh) continue;
    const direct = (fresh.direct_messages ?? []).map((one) => ({ ...one, name: "", is_im: true }));
    const channels = [...fresh.channels, ...direct];
    set({ views: {}, homes: {}, ...fresh, channels, ready: true });
  }
}

/** Follows the server's events; after a lost connection the state is read again. */
export function follow() {
  const source = new EventSource("/_local/events");
  source.addEventListener("change", () => void refresh());
  source.addEventListener("open", () => {
    set({ online: true });
    void refresh();
  });
  source.addEventListener("error", () => set({ online: false }));
}

/** Returns the users to act as: everyone except bots. */
export function people() {
  return state.users.filter((user) => user.id !== state.bot_user && !user.is_bot);
}

/** Returns the user with an id, with at least an id and a name. */
export function user(id) {
  if (id === "USLACKBOT") return { id, name: "Slackbot", real_name: "Slackbot", roles: [] };
  return state.users.find((one) => one.id === id) ?? { id, name: id, roles: [] };
}

/** Returns the name shown for a user. */
export function nameOf(id) {
  const { real_name: real, name } = user(id);
  return real || name;
}

/** Returns the channels, and the acting user's own conversation with the bot. */
export function places() {
  return state.channels.filter((one) => !one.is_im || one.user === state.me);
}

/** Returns a place's name for its heading: the channel's, or the bot's in a direct message. */
export function placeName(id) {
  if (id === HOME) return nameOf(state.bot_user);
  const channel = state.channels.find((one) => one.id === id);
  return channel?.is_im ? nameOf(state.bot_user) : (channel?.name ?? "");
}

/** Returns the acting user's language, for dates. */
export function locale() {
  const language = user(state.me).locale;
  try {
    return Intl.getCanonicalLocales(language)[0] ?? undefined;
  } catch {
    return undefined;
  }
}

/** Returns the messages of a channel that the acting user may see, oldest first. */
export function visible(channel) {
  const own = local.get(`${state.me} ${channel}`) ?? [];
  return [...(state.messages[channel] ?? []), ...own]
    .filter((m) => !m.ephemeral_to || m.ephemeral_to === state.me)
    .filter((m) => !dismissed.has(m.ts))
    .sort((a, b) => Number(a.ts) - Number(b.ts));
}

/** Whether a message is in the channel itself and not only in a thread. */
export function topLevel(message) {
  return !message.thread_ts || message.thread_ts === message.ts || message.reply_broadcast === true;
}

/** Shows a message of Slackbot to the acting user only; the server does not keep it. */
export function say(channel, text) {
  const key = `${state.me} ${channel}`;
  const ts = (Date.now() / 1000).toFixed(6);
  const message = { ts, user: "USLACKBOT", text, blocks: [], ephemeral_to: state.me };
  local.set(key, [...(local.get(key) ?? []), message]);
  set({});
}

/** Removes an ephemeral message from this page. */
export function dismiss(ts) {
  dismissed.add(ts);
  set({});
}
