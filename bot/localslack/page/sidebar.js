/* The left side: channels with unread counts, and App Home. Above: the acting user. */

import { h, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { actAs, avatar, goTo, rolesOf } from "./people.js";
import { HOME, nameOf, people, placeName, places, state, user } from "./state.js";
import { unreadCount } from "./unread.js";

/** Draws the lists of channels and apps from the state. */
export function sidebar(channels, apps) {
  return function draw() {
    const all = places();
    reconcile(channels, all.filter((one) => !one.is_im).map(channelItem));
    const direct = all.filter((one) => one.is_im);
    reconcile(apps, state.bot_user ? [homeItem(), ...direct.map(channelItem)] : []);
    apps.parentElement.hidden = apps.children.length === 0;
  };
}

function channelItem({ id, is_im: direct }) {
  const name = direct ? `${placeName(id)} messages` : placeName(id);
  const current = state.place === id;
  const unread = current ? 0 : unreadCount(id);
  const label = unread ? `${name}, ${unread} unread` : name;
  const mark = unread ? h("span", { class: "unread" }, unread > 99 ? "99+" : unread) : null;
  return placeItem(id, label, current, unread > 0, () => [icon(direct ? "robot" : "hash"), h("span", { class: "label" }, name), mark]);
}

function homeItem() {
  const name = nameOf(state.bot_user);
  return placeItem(HOME, `${name} App Home`, state.place === HOME, false, () => [
    avatar(state.bot_user, "tiny"),
    h("span", { class: "label" }, name),
    h("span", { class: "tag" }, "App Home"),
  ]);
}

function placeItem(place, label, current, bold, children) {
  const build = () =>
    h(
      "li",
      null,
      h(
        "button",
        {
          type: "button",
          class: `place${bold ? " bold" : ""}`,
          "aria-label": label,
          "aria-current": current ? "page" : null,
          "data-action": `place ${place}`,
          on: { click: () => goTo(place) },
        },
        children(),
      ),
    );
  return { key: place, signature: JSON.stringify([label, current]), build };
}

/** Draws the switch of the acting user from the state: one radio button a person. */
export function actingAs(group) {
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = people();
    const at = all.findIndex((one) => one.id === state.me);
    actAs(all[(at + step + all.length) % all.length].id);
    group.querySelector('[aria-checked="true"]').focus();
  });
  return function draw() {
    reconcile(group, people().map(personItem));
  };
}

function personItem({ id }) {
  const selected = state.me === id;
  const { name } = user(id);
  const roles = rolesOf(id);
  const build = () =>
    h(
      "button",
      {
        type: "button",
        role: "radio",
        class: "person",
        "aria-checked": selected ? "true" : "false",
        "aria-label": name,
        tabindex: selected ? 0 : -1,
        title: roles === null ? nameOf(id) : `${nameOf(id)} · role: ${roles}`,
        "data-action": `as ${id}`,
        on: { click: () => actAs(id) },
      },
      avatar(id, "small"),
      h("span", { class: "label" }, name),
    );
  return { key: id, signature: JSON.stringify([nameOf(id), roles, selected]), build };
}
