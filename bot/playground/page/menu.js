/* Menus and confirm dialogs: what opens above a message before something is sent. */

import { h, link, safeUrl, uniqueId } from "./dom.js";
import { dots } from "./icons.js";
import { textObject } from "./mrkdwn.js";

/** An overflow button with its menu; `choose(option)` is called with the option taken. */
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
      on: { click: () => (menu.hidden ? open() : close()), keydown: (event) => openByKey(event) },
    },
    dots(),
  );
  const items = (element.options ?? []).map((option) => menuItem(option, ctx, () => take(option)));
  const menu = h("div", { id, class: "menu", role: "menu", hidden: true, on: { keydown: byKey } }, items);
  const wrapper = h("span", { class: "menu-holder" }, button, menu);

  function open(index = 0) {
    menu.hidden = false;
    const { bottom } = button.getBoundingClientRect();
    menu.classList.toggle("above", bottom + menu.offsetHeight > window.innerHeight - 16);
    button.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", outside, true);
    items.at(index)?.focus();
  }
  function close() {
    menu.hidden = true;
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
  }
  function outside(event) {
    if (!wrapper.contains(event.target)) close();
  }
  function take(option) {
    close();
    button.focus();
    choose(option, button);
  }
  function openByKey(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    open(event.key === "ArrowUp" ? -1 : 0);
  }
  function byKey(event) {
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) items.at(to % items.length).focus();
    else if (event.key === "Escape") {
      close();
      button.focus();
    } else if (event.key === "Tab") return close();
    else return undefined;
    event.stopPropagation();
    return event.preventDefault();
  }
  return wrapper;
}

function menuItem(option, ctx, click) {
  const label = h("span", null, textObject(option.text, ctx));
  const note = option.description ? h("small", null, textObject(option.description, ctx)) : null;
  return h("button", { type: "button", role: "menuitem", tabindex: -1, on: { click } }, label, note);
}

/** Opens an address of the bot's in another tab, if it is a safe one. */
export function openUrl(address) {
  const href = safeUrl(address);
  if (href) link(href, "").click();
}

/** Asks what a `confirm` object asks; resolves to whether the person went on. */
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
