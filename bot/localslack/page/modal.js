/* Modals: the top view of the acting user's stack, in a native dialog that holds the focus. */

import { clickInView, close, note, submit } from "./actions.js";
import { drawBlocks } from "./blocks.js";
import { h, uniqueId } from "./dom.js";
import { icon } from "./icons.js";
import { textObject } from "./mrkdwn.js";
import { avatar, fieldValue, surface } from "./people.js";
import { state } from "./state.js";

/** Draws the open modal from the state; `closed` is called after the last one is closed. */
export function modals(closed) {
  let open = null;
  return function draw() {
    const stack = state.views[state.me] ?? [];
    const view = stack.at(-1) ?? null;
    const content = view && { ...view, state: null, errors: null, notice: null };
    const signature = view && JSON.stringify([content, stack.length, state.me]);
    if (open && open.signature === signature) return open.tell(view);
    const same = view && open?.view.id === view.id;
    const previous = same ? { values: open.values(), action: document.activeElement?.dataset?.action } : null;
    const had = open;
    open = null;
    // A dialog returns the focus when it closes, so the old one is closed before the new one opens.
    had?.dialog.close();
    had?.dialog.remove();
    if (had && !view) refocus(closed);
    if (!view) return undefined;
    open = present(view, stack.length, previous, signature);
    open.dialog.addEventListener("close", (event) => {
      if (open?.dialog === event.target) void close(open.view);
    });
    return open.tell(view);
  };
}

/** Sets the focus again on the focused element: otherwise Chromium ignores typed text there. */
function refocus(closed) {
  const active = document.activeElement;
  active.blur();
  if (active === document.body) closed();
  else active.focus({ preventScroll: true });
}

function fieldKey(block, element) {
  return `${block.block_id ?? ""}|${element.action_id ?? ""}`;
}

function present(view, depth, previous, signature) {
  const fields = new Map();
  const ctx = surface((action) => clickInView(view, action), {
    register: (block, element, node, read) => fields.set(fieldKey(block, element), { block, element, node, read }),
    note: (block, element, value) => note(view, block, element, value),
    storedValue: (block, element) => previous?.values.get(fieldKey(block, element)) ?? fieldValue(view, block, element),
  });
  const title = uniqueId("modal");
  const body = h("div", { class: "dialog-body body" }, drawBlocks(view.blocks ?? [], ctx));
  const problem = h("div", { class: "dialog-problem", role: "alert" });
  const news = { summary: "", sending: false, problem };
  const form = h(
    "form",
    { novalidate: true, on: { submit: (event) => void send(event, view, fields, form, news) } },
    head(view, ctx, title, depth),
    problem,
    body,
    foot(view, ctx, depth),
  );
  const cancel = (event) => {
    if (event.target !== dialog) return;
    event.preventDefault();
    void close(view);
  };
  const look = previous ? "dialog modal updated" : "dialog modal";
  const dialog = h("dialog", { class: look, "aria-labelledby": title, on: { cancel } }, form);
  document.body.append(dialog);
  dialog.showModal();
  focusFirst(dialog, body, previous?.action);
  const values = () => new Map([...fields].map(([key, field]) => [key, field.read() ?? ""]));
  news.tell = ({ errors, notice }) => {
    const summary = JSON.stringify([errors, notice]);
    if (news.sending || summary === news.summary) return;
    news.summary = summary;
    problem.textContent = notice ?? "";
    showErrors(form, fields, errors ?? {});
  };
  return { view, dialog, signature, values, tell: news.tell };
}

/** Restores the focus, else sets it on the first field, else on the main button. */
function focusFirst(dialog, body, action) {
  const before = action ? body.querySelector(`[data-action="${CSS.escape(action)}"]`) : null;
  const field = body.querySelector("[autofocus]") ?? body.querySelector("input, textarea, select");
  (before ?? field ?? dialog.querySelector(".dialog-foot button:last-child"))?.focus();
}

function head(view, ctx, id, depth) {
  const shut = () => void close(view, true);
  return h(
    "header",
    { class: "dialog-head" },
    avatar(state.bot_user, "small"),
    h("h2", { id }, textObject(view.title, ctx)),
    depth > 1 ? h("span", { class: "depth" }, `level ${depth}`) : null,
    h("button", { type: "button", class: "icon-button", "aria-label": "Dismiss", on: { click: shut } }, icon("close")),
  );
}

function foot(view, ctx, depth) {
  const shut = () => void close(view);
  const closeWords = view.close ? textObject(view.close, ctx) : view.submit ? "Cancel" : depth > 1 ? "Back" : "Close";
  const send = view.submit
    ? h("button", { type: "submit", class: "button primary" }, textObject(view.submit, ctx))
    : null;
  return h("footer", { class: "dialog-foot" }, h("button", { type: "button", class: "button", on: { click: shut } }, closeWords), send);
}

async function send(event, view, fields, form, news) {
  event.preventDefault();
  const button = form.querySelector('[type="submit"]');
  if (!button || button.getAttribute("aria-busy") === "true") return;
  news.problem.textContent = "";
  const missing = check(fields);
  if (showErrors(form, fields, missing)) return;
  const busy = (on) => {
    // The result of an earlier submission must not be shown as the result of this one.
    Object.assign(news, { sending: on, summary: "" });
    form.classList.toggle("sending", on);
    button.setAttribute("aria-busy", String(on));
  };
  busy(true);
  const failure = await submit(view, collect(fields));
  busy(false);
  const now = (state.views[state.me] ?? []).at(-1);
  if (now?.id === view.id) news.tell(now);
  if (failure) news.problem.textContent = `We had some trouble connecting. Try again? ${failure}`;
}

function collect(fields) {
  const values = {};
  for (const { block, element, read } of fields.values()) {
    values[block.block_id] ??= {};
    values[block.block_id][element.action_id] = read();
  }
  return values;
}

/** Returns the errors that Slack shows before it asks the app: empty, too short, out of range. */
function check(fields) {
  const errors = {};
  for (const { block, element, node, read } of fields.values()) {
    if (block.type !== "input") continue;
    const value = read();
    const empty = value === null || value.length === 0;
    if (empty && !block.optional) errors[block.block_id] = "Please complete this required field.";
    else if (!empty && element.min_length && value.length < element.min_length) {
      errors[block.block_id] = `Please enter at least ${element.min_length} characters.`;
    } else if (node.validity && !node.validity.valid) errors[block.block_id] = node.validationMessage;
  }
  return errors;
}

/** Shows an error below each named block and focuses the first; returns whether there is any. */
function showErrors(form, fields, errors) {
  let first = null;
  for (const place of form.querySelectorAll("[data-error-for]")) {
    const words = errors[place.dataset.errorFor] ?? "";
    const field = [...fields.values()].find((one) => one.block.block_id === place.dataset.errorFor);
    place.textContent = words;
    place.parentElement.classList.toggle("invalid", words !== "");
    if (!field) continue;
    field.node.setAttribute("aria-invalid", String(words !== ""));
    if (words && !first) first = field.node;
  }
  (first?.matches("input, textarea, select") ? first : first?.querySelector("input"))?.focus();
  return Object.keys(errors).length > 0;
}
