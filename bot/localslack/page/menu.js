/* Menus and confirm dialogs, which open before an action is sent. */

import { h, link, safeUrl, uniqueId } from "./dom.js";
import { dots } from "./icons.js";
import { textObject } from "./mrkdwn.js";

/** Returns an overflow button with its menu; `choose(option)` gets the chosen option. */
export function overflow(element, ctx, choose) {
  const id = uniqueId("menu");
  const button = h(
    "button",
    {
      type: "button",
      class: "overflow",
      "aria-label": "More actions",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-controls": id,
      popovertarget: id,
      on: { keydown: openByKey },
    },
    dots(),
  );
  const items = (element.options ?? []).map((option) => menuItem(option, ctx, () => take(option)));
  const on = { keydown: byKey, toggle: toggled };
  // The browser shows a popover above everything, and closes it at Escape or a click elsewhere.
  const menu = h("div", { id, class: "menu", role: "menu", popover: "auto", on }, items);
  const shut = () => menu.hidePopover();

  function toggled({ newState }) {
    const open = newState === "open";
    button.setAttribute("aria-expanded", String(open));
    if (!open) return window.removeEventListener("scroll", shut, true);
    placeBeside(menu, button);
    window.addEventListener("scroll", shut, { capture: true, once: true });
    return items.at(0)?.focus({ preventScroll: true });
  }
  function take(option) {
    shut();
    button.focus();
    choose(option, button);
  }
  function openByKey(event) {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    menu.showPopover();
  }
  function byKey(event) {
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Tab") return shut();
    if (to === undefined) return undefined;
    event.preventDefault();
    return items.at(to % items.length).focus();
  }
  return h("span", null, button, menu);
}

/** Places a menu below its button, or above it at the end of the window. */
function placeBeside(menu, button) {
  const { left, top, bottom } = button.getBoundingClientRect();
  const below = bottom + 4 + menu.offsetHeight < window.innerHeight;
  const across = Math.max(8, Math.min(left, window.innerWidth - menu.offsetWidth - 8));
  menu.style.setProperty("left", `${across}px`);
  menu.style.setProperty("top", `${below ? bottom + 4 : top - menu.offsetHeight - 4}px`);
}

function menuItem(option, ctx, click) {
  const label = h("span", null, textObject(option.text, ctx));
  const note = option.description ? h("small", null, textObject(option.description, ctx)) : null;
  return h("button", { type: "button", role: "menuitem", tabindex: -1, on: { click } }, label, note);
}

/** Opens the bot's address in another tab if the address is safe. */
export function openUrl(address) {
  const href = safeUrl(address);
  if (href) link(href, "").click();
}

/** Shows the question of a `confirm` object; resolves to whether the person confirmed. */
export function confirmed(confirm, ctx) {
  if (!confirm) return Promise.resolve(true);
  return new Promise((resolve) => {
    const [title, text] = [uniqueId("confirm"), uniqueId("confirm")];
    const answer = (value) => () => dialog.close(value);
    const style = confirm.style === "danger" ? "danger" : "primary";
    const words = (object, otherwise) => (object ? textObject(object, ctx) : otherwise);
    const dialog = h(
      "dialog",
      {
        class: "dialog confirm",
        role: "alertdialog",
        "aria-labelledby": title,
        "aria-describedby": text,
        on: { close: () => done() },
      },
      h("h2", { id: title }, words(confirm.title, "Are you sure?")),
      h("div", { id: text, class: "confirm-text" }, textObject(confirm.text, ctx)),
      h(
        "div",
        { class: "dialog-foot" },
        h("button", { type: "button", class: "button", on: { click: answer("") } }, words(confirm.deny, "Cancel")),
        h(
          "button",
          { type: "button", class: `button ${style}`, on: { click: answer("yes") } },
          words(confirm.confirm, "Yes"),
        ),
      ),
    );
    function done() {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    }
    document.body.append(dialog);
    dialog.showModal();
  });
}
