/* Avatars and mentions of people, and where the acting user is. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { HOME, locale, nameOf, people, places, set, state, user } from "./state.js";

const COLOURS = 10;

/** Returns a square with a person's initials, or the bot's icon; the name is shown beside it. */
export function avatar(id, size = "") {
  const bot = id === state.bot_user || id === "USLACKBOT";
  const look = bot ? "bot" : `colour-${colourOf(id)}`;
  return h("span", { class: `avatar ${look} ${size}`, "aria-hidden": "true" }, bot ? icon("robot") : initials(id));
}

function colourOf(id) {
  const at = people().findIndex((one) => one.id === id);
  return (at < 0 ? [...id].reduce((sum, char) => sum + char.codePointAt(0), 0) : at) % COLOURS;
}

function initials(id) {
  const words = nameOf(id).split(/[\s._-]+/).filter(Boolean);
  return words.slice(0, 2).map((word) => [...word][0].toLocaleUpperCase()).join("");
}

/** Returns a user's roles as text, or null if the app's roles are not known here. */
export function rolesOf(id) {
  const { roles } = user(id);
  return roles ? roles.join(", ") || "none" : null;
}

/** Functions that return the nodes of mentions, for mrkdwn and rich_text. */
export const mention = {
  user: (id, label) => chip(`@${nameIn(state.users, id) ?? label ?? id}`, id === state.me),
  channel: (id, label) => {
    const name = nameIn(state.channels, id);
    if (!name) return chip(`#${label ?? id}`, false);
    return h("a", { class: "mention", href: `#${name}` }, `#${name}`);
  },
  group: (id, label) => {
    const handle = state.groups.find((one) => one.id === id)?.handle ?? label ?? id;
    return chip(`@${handle.replace(/^@/, "")}`, false);
  },
  broadcast: (range) => chip(`@${range}`, true),
};

function nameIn(list, id) {
  const one = list.find((item) => item.id === id);
  return one ? one.real_name || one.name : null;
}

function chip(words, self) {
  return h("span", { class: `mention${self ? " mention-self" : ""}` }, words);
}

/** Returns the context for drawing blocks on a surface whose actions go to `act`. */
export function surface(act, more = {}) {
  return {
    locale: locale(),
    mention,
    act,
    people: () => people().map(({ id }) => ({ id, name: nameOf(id) })),
    channels: () => state.channels.filter((one) => !one.is_im),
    dispatches: (block) => block.type !== "input" || block.dispatch_action === true,
    labelFor: (block) => (block.type === "input" ? (block.label?.text ?? null) : null),
    ...more,
  };
}

/** Returns a field's value from the view's state, in the form of the field's `read`. */
export function fieldValue(view, block, element) {
  const entry = view.state?.values?.[block.block_id]?.[element.action_id] ?? {};
  const [, content] = Object.entries(entry).find(([name]) => name !== "type") ?? [];
  const value = (one) => one?.value ?? one;
  return Array.isArray(content) ? content.map(value) : value(content);
}

/** Opens a channel or App Home, and writes it into the address. */
export function goTo(place) {
  const channel = state.channels.find((one) => one.id === place);
  const hash = `#${place === HOME ? HOME : channel?.name || place}`;
  if (location.hash !== hash) history.replaceState(null, "", hash);
  set({ place, thread: null });
}

/** Opens the place in the address's hash: a channel, App Home, or a message's permalink. */
export function goToHash(hash) {
  const message = /^#\/archives\/(\w+)\/p(\d+)(\d{6})$/.exec(hash);
  if (!message) return set({ place: placeOf(hash), thread: null });
  const [, place, seconds, rest] = message;
  const ts = `${seconds}.${rest}`;
  const root = (state.messages[place] ?? []).find((one) => one.ts === ts)?.thread_ts ?? null;
  return set({ place: placeOf(`#${place}`), thread: root === ts ? null : root, linkedTs: ts });
}

function placeOf(hash) {
  const name = decodeURIComponent(hash.slice(1));
  if (name === HOME) return HOME;
  const match = places().find((one) => one.name === name || one.id === name);
  return (match ?? places()[0])?.id ?? "";
}

/** Acts as another user, and writes it into the address. */
export function actAs(id) {
  const url = new URL(location.href);
  url.searchParams.set("as", user(id).name);
  history.replaceState(null, "", url);
  set({ me: id, thread: null });
}
