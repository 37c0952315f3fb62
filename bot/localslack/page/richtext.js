/* Draws rich_text blocks: sections, lists, preformatted text and quotes. */

import { dateToken } from "./dates.js";
import { h, link } from "./dom.js";
import { emoji } from "./emoji.js";

const STYLE_TAGS = [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "del"]];
const NUMBERING = ["1", "a", "i"];

/** Returns the nodes of a rich_text block. */
export function richText(block, ctx) {
  return (block.elements ?? []).map((part) => drawPart(part, ctx));
}

function drawPart(part, ctx) {
  switch (part.type) {
    case "rich_text_section":
      return h("div", { class: "rt-section" }, pieces(part, ctx));
    case "rich_text_preformatted":
      return h("pre", { class: "pre" }, pieces(part, ctx));
    case "rich_text_quote":
      return h("blockquote", null, pieces(part, ctx));
    case "rich_text_list":
      return list(part, ctx);
    default:
      return h("span", { class: "unknown-inline" }, `Unknown rich text: ${part.type}`);
  }
}

function list(part, ctx) {
  const indent = Math.min(Math.max(part.indent ?? 0, 0), 8);
  const items = (part.elements ?? []).map((item) => h("li", null, pieces(item, ctx)));
  const common = { class: `rt-list indent-${indent}` };
  if (part.style !== "ordered") return h("ul", common, items);
  const start = Number.isInteger(part.offset) ? part.offset + 1 : null;
  return h("ol", { ...common, type: NUMBERING[indent % 3], start }, items);
}

function pieces(part, ctx) {
  return (part.elements ?? []).map((element) => styled(element, piece(element, ctx)));
}

function piece(element, ctx) {
  switch (element.type) {
    case "text":
      return lines(element.text ?? "");
    case "link":
      return link(element.url, element.text || element.url);
    case "emoji":
      return emoji(element.name) ?? `:${element.name}:`;
    case "user":
      return ctx.mention.user(element.user_id, null);
    case "channel":
      return ctx.mention.channel(element.channel_id, null);
    case "usergroup":
      return ctx.mention.group(element.usergroup_id, null);
    case "broadcast":
      return ctx.mention.broadcast(element.range);
    case "date": {
      const words = dateToken(element.timestamp, element.format ?? "", ctx.locale);
      return h("time", { title: element.fallback ?? "" }, words ?? element.fallback ?? "");
    }
    case "color":
      return h("code", null, element.value ?? "");
    default:
      return h("span", { class: "unknown-inline" }, `Unknown element: ${element.type}`);
  }
}

function lines(text) {
  return text.split("\n").flatMap((line, index) => (index === 0 ? [line] : [h("br"), line]));
}

function styled(element, node) {
  let result = node;
  for (const [name, tag] of STYLE_TAGS) if (element.style?.[name]) result = h(tag, null, result);
  return result;
}
