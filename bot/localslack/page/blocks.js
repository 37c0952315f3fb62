/* Draws Block Kit, block by block. An unknown block becomes a box with its JSON. */

import { chart } from "./chart.js";
import { h, safeUrl } from "./dom.js";
import { interactive } from "./elements.js";
import { icon } from "./icons.js";
import { markdown } from "./markdown.js";
import { textObject } from "./mrkdwn.js";
import { richText } from "./richtext.js";
import { dataTable, table } from "./table.js";

const DRAW = {
  header: (block, ctx) => h("h3", null, textObject(block.text, ctx)),
  section,
  divider: () => h("hr"),
  context,
  actions,
  input,
  image: (block, ctx) => h("figure", null, title(block, ctx), picture(block)),
  markdown: (block) => markdown(block.text ?? ""),
  rich_text: richText,
  table,
  data_table: dataTable,
  data_visualization: chart,
  alert,
  card,
  carousel: (block, ctx) => h("div", { class: "carousel" }, (block.elements ?? []).map((item) => card(item, ctx))),
};

/** Returns the nodes of a list of blocks. */
export function drawBlocks(blocks, ctx) {
  return blocks.map((block) => {
    const draw = Object.hasOwn(DRAW, block.type ?? "") ? DRAW[block.type] : null;
    return h("div", { class: `block block-${draw ? block.type : "unknown"}` }, content(draw, block, ctx));
  });
}

function content(draw, block, ctx) {
  if (!draw) return unknown(`This page cannot draw a block of type “${block.type}”.`, block);
  try {
    return draw(block, ctx);
  } catch (error) {
    // A block of a known type with an unexpected shape must not break the whole page.
    return unknown(`This page cannot draw this block of type “${block.type}”: ${error.message}`, block);
  }
}

function unknown(words, what) {
  return h(
    "div",
    { class: "unknown", role: "note" },
    h("p", null, icon("puzzle"), words),
    h("details", null, h("summary", null, "JSON"), h("pre", { class: "pre" }, JSON.stringify(what, null, 2))),
  );
}

function element(item, block, ctx) {
  if (item.type === "image") return picture(item);
  if (item.type === "mrkdwn" || item.type === "plain_text") return h("span", null, textObject(item, ctx));
  return interactive(item, block, ctx) ?? unknown(`This page cannot draw an element of type “${item.type}”.`, item);
}

function section(block, ctx) {
  const fields = (block.fields ?? []).map((field) => h("div", { class: "field" }, textObject(field, ctx)));
  const text = block.text ? h("div", { class: "text" }, textObject(block.text, ctx)) : null;
  const main = h("div", { class: "section-main" }, text, fields.length ? h("div", { class: "fields" }, fields) : null);
  const beside = block.accessory ? h("div", { class: "accessory" }, element(block.accessory, block, ctx)) : null;
  return [main, beside];
}

function context(block, ctx) {
  return (block.elements ?? []).map((item) => element(item, block, ctx));
}

function actions(block, ctx) {
  return (block.elements ?? []).map((item) => element(item, block, ctx));
}

function input(block, ctx) {
  const label = h("div", { class: "input-label" }, textObject(block.label, ctx));
  if (block.optional) label.append(h("span", { class: "optional" }, " (optional)"));
  const hint = block.hint ? h("div", { class: "hint" }, textObject(block.hint, ctx)) : null;
  const error = h("div", { class: "field-error", role: "alert", "data-error-for": block.block_id ?? "" });
  return [label, element(block.element, block, ctx), error, hint];
}

function title(block, ctx) {
  return block.title ? h("figcaption", null, textObject(block.title, ctx)) : null;
}

/** Returns an image that this page may load, else a frame with its text and its address. */
function picture(image) {
  const words = image.alt_text ?? "Image";
  const source = image.image_url ?? "";
  if (source.startsWith("data:image/")) return h("img", { src: source, alt: words });
  const url = safeUrl(source);
  const host = url ? new URL(url).host : "no address";
  return h(
    "span",
    { class: "image-placeholder", role: "img", "aria-label": words, title: url ?? host },
    icon("image"),
    h("span", null, words),
  );
}

const ALERT_ICONS = { default: "info", info: "info", success: "check", warning: "warning", error: "warning" };

function alert(block, ctx) {
  const level = Object.hasOwn(ALERT_ICONS, block.level ?? "") ? block.level : "default";
  const look = { class: `alert alert-${level}`, role: "note", "aria-label": `${level} notice` };
  return h("div", look, icon(ALERT_ICONS[level]), h("div", null, textObject(block.text, ctx)));
}

function card(block, ctx) {
  const line = (name) => (block[name] ? h("div", { class: `card-${name}` }, textObject(block[name], ctx)) : null);
  const buttons = (block.actions ?? []).map((item) => element(item, block, ctx));
  return h(
    "div",
    { class: "card" },
    block.hero_image ? picture(block.hero_image) : null,
    ["title", "subtitle", "body", "subtext"].map(line),
    buttons.length ? h("div", { class: "block-actions" }, buttons) : null,
  );
}
