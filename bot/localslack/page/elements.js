/* Interactive block elements. `read` returns the value of each, by block. */

import { h, uniqueId } from "./dom.js";
import { confirmed, openUrl, overflow } from "./menu.js";
import { textObject } from "./mrkdwn.js";

const TEXT_INPUTS = {
  plain_text_input: "text",
  number_input: "number",
  email_text_input: "email",
  url_text_input: "url",
  datepicker: "date",
  timepicker: "time",
};
const PICKERS = { datepicker: "initial_date", timepicker: "initial_time" };
const CHOICES = /^(?:checkboxes|radio_buttons|multi_(?:static|users|channels|conversations)_select)$/;

/** Returns the node of an interactive element, or null for an unknown type. */
export function interactive(element, block, ctx) {
  if (element.type === "button") return button(element, block, ctx);
  if (element.type === "overflow") {
    return overflow(element, ctx, (option, node) => choose(option, node, element, block, ctx));
  }
  if (/^(?:static|users|channels|conversations)_select$/.test(element.type)) return select(element, block, ctx);
  if (CHOICES.test(element.type)) return group(element, block, ctx);
  if (element.type in TEXT_INPUTS) return textInput(element, block, ctx);
  return null;
}

function marker(element, block) {
  return `${block.block_id ?? ""}|${element.action_id ?? ""}`;
}

/** Asks for confirmation, sends the action, and marks the control as busy meanwhile. */
async function send(element, block, ctx, node, extra) {
  if (node.getAttribute("aria-busy") === "true") return;
  if (!(await confirmed(element.confirm, ctx))) return;
  node.setAttribute("aria-busy", "true");
  await ctx.act({ action_id: element.action_id, block_id: block.block_id, ...extra });
  node.removeAttribute("aria-busy");
}

function button(element, block, ctx) {
  const click = (event) => {
    if (element.url) openUrl(element.url);
    const extra = element.value === undefined ? {} : { value: element.value };
    void send(element, block, ctx, event.currentTarget, extra);
  };
  return h(
    "button",
    {
      type: "button",
      class: `button ${element.style ?? ""}`,
      "aria-label": element.accessibility_label,
      "data-action": marker(element, block),
      on: { click },
    },
    textObject(element.text, ctx),
  );
}

function choose(option, node, element, block, ctx) {
  if (option.url) openUrl(option.url);
  void send(element, block, ctx, node, { selected_option: option.value });
}

function optionsOf(element, ctx) {
  const asOption = ({ id, name }) => ({ text: { type: "plain_text", text: name }, value: id });
  const kind = element.type.replace(/^multi_/, "");
  if (kind === "users_select") return ctx.people().map(asOption);
  if (kind === "channels_select" || kind === "conversations_select") return ctx.channels().map(asOption);
  return (element.option_groups ?? []).flatMap((group) => group.options).concat(element.options ?? []);
}

/** Returns an element's initial value, or list of values; null for none. */
function initialOf(element) {
  const many = element.initial_options?.map((option) => option.value);
  const kind = element.type.replace(/^multi_/, "").replace("_select", "");
  const ids = element[`initial_${kind}`] ?? element[`initial_${kind.replace(/s$/, "")}`];
  return many ?? element.initial_option?.value ?? ids ?? null;
}

function words(object) {
  return object?.text ?? "";
}

function select(element, block, ctx) {
  const options = optionsOf(element, ctx);
  const start = ctx.storedValue?.(block, element) ?? initialOf(element);
  const item = (option) =>
    h("option", { value: options.indexOf(option), selected: option.value === start }, words(option.text));
  const empty = h("option", { value: "", selected: start === null }, words(element.placeholder) || "Choose…");
  const items = element.option_groups
    ? element.option_groups.map((g) => h("optgroup", { label: words(g.label) }, g.options.map(item)))
    : options.map(item);
  const change = () => {
    const option = options[node.value];
    if (!ctx.dispatches(block)) ctx.note?.(block, element, option?.value ?? null);
    else if (option) void send(element, block, ctx, node, { selected_option: option.value });
  };
  const node = h(
    "select",
    {
      class: "select",
      "aria-label": ctx.labelFor(block) ?? (words(element.placeholder) || "Choose"),
      "data-action": marker(element, block),
      autofocus: element.focus_on_load,
      on: { change },
    },
    empty,
    items,
  );
  ctx.register?.(block, element, node, () => options[node.value]?.value ?? null);
  return node;
}

/** Returns checkboxes (also for a multi-select) or radio buttons. */
function group(element, block, ctx) {
  const single = element.type === "radio_buttons";
  const options = optionsOf(element, ctx);
  const start = [ctx.storedValue?.(block, element) ?? initialOf(element) ?? []].flat();
  const name = uniqueId("choice");
  const on = { change };
  const boxes = options.map((option) =>
    h("input", { type: single ? "radio" : "checkbox", name, checked: start.includes(option.value), on }),
  );
  const rows = options.map((option, i) =>
    h(
      "label",
      { class: "choice" },
      boxes[i],
      h("span", null, textObject(option.text, ctx), description(option, ctx)),
    ),
  );
  const node = h(
    "div",
    { class: "choices", role: single ? "radiogroup" : "group", "aria-label": ctx.labelFor(block) ?? "Choices" },
    rows,
  );
  function read() {
    const values = options.filter((_, i) => boxes[i].checked).map((option) => option.value);
    return single ? (values[0] ?? null) : values;
  }
  function change() {
    if (ctx.dispatches(block)) void send(element, block, ctx, node, { selected_option: read() });
    else ctx.note?.(block, element, read());
  }
  ctx.register?.(block, element, node, read);
  return node;
}

function description(option, ctx) {
  if (!option.description) return null;
  return h("small", null, textObject(option.description, ctx));
}

function textInput(element, block, ctx) {
  const picker = PICKERS[element.type];
  const start = ctx.storedValue?.(block, element) ?? element[picker ?? "initial_value"] ?? "";
  const multiline = element.type === "plain_text_input" && element.multiline;
  const number = element.type === "number_input";
  const read = () => (node.value === "" ? null : node.value);
  const dispatch = () => void send(element, block, ctx, node, { selected_option: read() });
  const change = () => {
    if (picker && ctx.dispatches(block)) dispatch();
    else ctx.note?.(block, element, read());
  };
  const keydown = (event) => {
    if (event.key === "Enter" && !multiline && !picker && ctx.dispatches(block)) dispatch();
  };
  const node = h(
    multiline ? "textarea" : "input",
    {
      class: "input",
      type: multiline ? null : TEXT_INPUTS[element.type],
      rows: multiline ? 4 : null,
      step: number ? (element.is_decimal_allowed ? "any" : "1") : null,
      min: number ? element.min_value : null,
      max: number ? element.max_value : null,
      maxlength: element.max_length,
      placeholder: words(element.placeholder),
      "aria-label": ctx.labelFor(block) ?? (words(element.placeholder) || "Text"),
      autocomplete: "off",
      autofocus: element.focus_on_load,
      "data-action": marker(element, block),
      on: { change, keydown },
    },
  );
  node.value = start;
  ctx.register?.(block, element, node, read);
  return node;
}
