/* The `markdown` block: turns the subset of Markdown that Slack supports into nodes. */

import { h, link } from "./dom.js";
import { emoji } from "./emoji.js";

const FENCE = /^\s*(?:```|~~~)/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const TABLE_LINE = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

/** Returns the nodes of a Markdown text. */
export function markdown(text) {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const nodes = [];
  let at = 0;
  while (at < lines.length) {
    const [node, next] = blockAt(lines, at);
    if (node) nodes.push(node);
    at = next;
  }
  return nodes;
}

function blockAt(lines, at) {
  const line = lines[at];
  const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
  if (line.trim() === "") return [null, at + 1];
  if (FENCE.test(line)) return fence(lines, at);
  if (heading) return [h(`h${Math.min(6, heading[1].length + 2)}`, null, marks(heading[2])), at + 1];
  if (/^\s*(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$/.test(line)) return [h("hr"), at + 1];
  if (line.startsWith(">")) return quote(lines, at);
  if (ITEM.test(line)) return list(lines, at, ITEM.exec(line)[1].length);
  if (line.includes("|") && TABLE_LINE.test(lines[at + 1] ?? "")) return table(lines, at);
  return paragraph(lines, at);
}

function fence(lines, at) {
  let end = at + 1;
  while (end < lines.length && !FENCE.test(lines[end])) end += 1;
  return [h("pre", { class: "pre" }, lines.slice(at + 1, end).join("\n")), end + 1];
}

function quote(lines, at) {
  let end = at;
  while (end < lines.length && lines[end].startsWith(">")) end += 1;
  const inner = lines.slice(at, end).map((line) => line.replace(/^>\s?/, ""));
  return [h("blockquote", null, markdown(inner.join("\n"))), end];
}

function list(lines, at, indent) {
  const ordered = /\d/.test(ITEM.exec(lines[at])[2]);
  const node = h(ordered ? "ol" : "ul", { class: "rt-list" });
  let end = at;
  while (end < lines.length) {
    const match = ITEM.exec(lines[end]);
    if (!match || match[1].length < indent) break;
    if (match[1].length > indent && node.lastElementChild) {
      const [child, next] = list(lines, end, match[1].length);
      node.lastElementChild.append(child);
      end = next;
      continue;
    }
    node.append(h("li", null, taskOrText(match[3])));
    end += 1;
  }
  return [node, end];
}

function taskOrText(text) {
  const task = /^\[([ xX])\]\s+(.*)$/.exec(text);
  return task ? [task[1] === " " ? "☐ " : "☑ ", marks(task[2])] : marks(text);
}

function table(lines, at) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((c) => c.trim());
  let end = at + 2;
  while (end < lines.length && lines[end].includes("|")) end += 1;
  const row = (line, tag) => h("tr", null, cells(line).map((cell) => h(tag, null, marks(cell))));
  const body = lines.slice(at + 2, end).map((line) => row(line, "td"));
  const node = h("table", null, h("thead", null, row(lines[at], "th")), h("tbody", null, body));
  return [h("div", { class: "table-scroll" }, node), end];
}

function paragraph(lines, at) {
  let end = at + 1;
  while (end < lines.length && lines[end].trim() !== "" && !startsBlock(lines[end])) end += 1;
  return [h("p", null, marks(lines.slice(at, end).join("\n"))), end];
}

function startsBlock(line) {
  return FENCE.test(line) || ITEM.test(line) || /^(?:#{1,6}\s|>)/.test(line);
}

const INLINE = [
  [/^`+/, (match, text) => codeSpan(match[0], text)],
  [/^!?\[((?:[^\]\\]|\\.)*)\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/, (m) => link(m[2], marks(m[1]))],
  [/^<(https?:[^\s<>]+)>/, (m) => link(m[1], m[1])],
  [/^https?:\/\/[^\s<>|)\]]*[^\s<>|)\].,;:!?'"]/, (m) => link(m[0], m[0])],
  [/^\*\*(?=\S)([\s\S]*?\S)\*\*/, (m) => h("strong", null, marks(m[1]))],
  [/^__(?=\S)([\s\S]*?\S)__(?!\w)/, (m) => h("strong", null, marks(m[1])), true],
  [/^~~(?=\S)([\s\S]*?\S)~~/, (m) => h("del", null, marks(m[1]))],
  [/^\*(?=[^\s*])([\s\S]*?[^\s*])\*(?!\*)/, (m) => h("em", null, marks(m[1]))],
  [/^_(?=[^\s_])([\s\S]*?[^\s_])_(?!\w)/, (m) => h("em", null, marks(m[1])), true],
  [/^:([a-z0-9_+-]+):/, (m) => emoji(m[1])],
  [/^\\([\\`*_{}[\]()#+\-.!|~<>])/, (m) => m[1]],
  [/^\n/, () => h("br")],
];

function codeSpan(ticks, text) {
  const end = text.indexOf(ticks, ticks.length);
  if (end < 0) return null;
  return { node: h("code", null, text.slice(ticks.length, end)), length: end + ticks.length };
}

function marks(text) {
  const nodes = [];
  let plain = "";
  let at = 0;
  while (at < text.length) {
    const mark = markAt(text, at);
    if (mark) {
      nodes.push(plain, mark.node);
      plain = "";
      at += mark.length;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  return [...nodes, plain];
}

function markAt(text, at) {
  if (!"`![<h*_~:\\\n".includes(text[at])) return null;
  const rest = text.slice(at);
  for (const [pattern, make, atWordStart] of INLINE) {
    const match = pattern.exec(rest);
    if (!match || (atWordStart && /\w/.test(text[at - 1] ?? ""))) continue;
    const result = make(match, rest);
    if (result?.node) return result;
    if (result) return { node: result, length: match[0].length };
  }
  return null;
}
