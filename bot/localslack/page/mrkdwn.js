/* Turns Slack's mrkdwn into nodes, in one pass and without markup. */

import { dateToken } from "./dates.js";
import { h, link } from "./dom.js";
import { emoji } from "./emoji.js";

const MARKS = { "*": "strong", _: "em", "~": "del" };
const WORD = /[\p{L}\p{N}]/u;

/** `&amp;`, `&lt;` and `&gt;` as their characters; Slack has no other entities. */
export function decode(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** Returns the nodes of a mrkdwn text: fences, quotes, list lines, then inline marks. */
export function mrkdwn(text, ctx) {
  return text.split(/```([\s\S]+?)```/).flatMap((part, index) => {
    if (index % 2 === 1) return [h("pre", { class: "pre" }, code(part.replace(/^\n|\n$/g, ""), ctx))];
    const trimmed = index > 0 ? part.replace(/^\n/, "") : part;
    return trimmed === "" ? [] : lines(trimmed, ctx);
  });
}

function lines(text, ctx) {
  const nodes = [];
  let plain = [];
  let quote = null;
  const flush = () => {
    if (plain.length) nodes.push(h("span", { class: "run" }, inline(plain.join("\n"), ctx)));
    if (quote) nodes.push(h("blockquote", null, inline(quote.join("\n"), ctx)));
    [plain, quote] = [[], null];
  };
  const all = text.split("\n");
  for (const [index, line] of all.entries()) {
    const rest = line.match(/^(?:&gt;|>){3}\s?(.*)$/);
    const quoted = line.match(/^(?:&gt;|>)\s?(.*)$/);
    const item = line.match(/^(\s*)([•◦▪‣-]|\d{1,3}[.)])\s+(.*)$/u);
    if (rest) {
      flush();
      quote = [rest[1], ...all.slice(index + 1)];
      break;
    } else if (quoted) {
      if (!quote) flush();
      quote = [...(quote ?? []), quoted[1]];
    } else if (item) {
      flush();
      nodes.push(listLine(item, ctx));
    } else {
      if (quote) flush();
      plain.push(line);
    }
  }
  flush();
  return nodes;
}

function listLine([, indent, marker, rest], ctx) {
  const depth = Math.min(3, Math.floor(indent.length / 2));
  const bullet = h("span", { class: "marker" }, marker === "-" ? "–" : marker, " ");
  return h("div", { class: `list-line depth-${depth}` }, bullet, h("span", null, inline(rest, ctx)));
}

/** Returns the nodes of inline mrkdwn: marks, code, tokens, emoji, addresses, line ends. */
export function inline(text, ctx) {
  const nodes = [];
  let start = 0;
  let at = 0;
  while (at < text.length) {
    const mark = markAt(text, at, ctx);
    if (mark) {
      if (start < at) nodes.push(decode(text.slice(start, at)));
      nodes.push(mark.node);
      at = start = mark.end;
    } else at += 1;
  }
  if (start < text.length) nodes.push(decode(text.slice(start)));
  return nodes;
}

function markAt(text, at, ctx) {
  const char = text[at];
  if (char === "\n") return { node: h("br"), end: at + 1 };
  if (char === "`") return codeSpan(text, at, ctx);
  if (char === "<") return angle(text, at, ctx);
  if (char === ":") return emojiAt(text, at);
  if (char === "h") return bareUrl(text, at);
  if (char in MARKS) return span(text, at, ctx);
  return null;
}

function codeSpan(text, at, ctx) {
  const end = text.indexOf("`", at + 1);
  if (end <= at + 1 || text.slice(at, end).includes("\n")) return null;
  return { node: h("code", null, code(text.slice(at + 1, end), ctx)), end: end + 1 };
}

/** Returns the nodes of text inside code: with tokens, but without marks and emoji. */
function code(text, ctx) {
  return text.split(/(<[^<>\n]+>)/).map((part, index) =>
    index % 2 === 1 ? (token(part.slice(1, -1), ctx) ?? decode(part)) : decode(part),
  );
}

function emojiAt(text, at) {
  const match = /^:([a-z0-9_+-]+):(?:skin-tone-\d:)?/.exec(text.slice(at, at + 60));
  const node = match && emoji(match[1]);
  return node ? { node, end: at + match[0].length } : null;
}

function bareUrl(text, at) {
  if (at > 0 && WORD.test(text[at - 1])) return null;
  const match = /^https?:\/\/[^\s<>|*`]+[^\s<>|*`.,;:!?)'"_~]/.exec(text.slice(at));
  if (!match) return null;
  const address = decode(match[0]);
  return { node: link(address, address), end: at + match[0].length };
}

function span(text, at, ctx) {
  const mark = text[at];
  if (at > 0 && (WORD.test(text[at - 1]) || text[at - 1] === mark)) return null;
  if (!text[at + 1] || /\s/.test(text[at + 1]) || text[at + 1] === mark) return null;
  const close = closing(text, at, mark);
  if (close < 0) return null;
  const inner = inline(text.slice(at + 1, close), ctx);
  return { node: h(MARKS[mark], null, inner), end: close + 1 };
}

/** Returns where the mark opened at `at` ends on its line, outside code and tokens; else -1. */
function closing(text, at, mark) {
  for (let i = at + 1; i < text.length && text[i] !== "\n"; i += 1) {
    if (text[i] === "`" || text[i] === "<") {
      const end = text.indexOf(text[i] === "`" ? "`" : ">", i + 1);
      if (end > 0) i = end;
    } else if (text[i] === mark && !/\s/.test(text[i - 1]) && !WORD.test(text[i + 1] ?? "")) return i;
  }
  return -1;
}

function angle(text, at, ctx) {
  const match = /^<([^<>\n]+)>/.exec(text.slice(at));
  const node = match && token(match[1], ctx);
  return node ? { node, end: at + match[0].length } : null;
}

/** Returns the mention, date or link between `<` and `>`; null if it is none. */
function token(body, ctx) {
  const bar = body.indexOf("|");
  const target = bar < 0 ? body : body.slice(0, bar);
  const label = bar < 0 ? null : decode(body.slice(bar + 1));
  if (target.startsWith("@")) return ctx.mention.user(target.slice(1), label);
  if (target.startsWith("#")) return ctx.mention.channel(target.slice(1), label);
  if (target.startsWith("!date^")) return date(target, label, ctx);
  if (target.startsWith("!subteam^")) return ctx.mention.group(target.slice(9).split("|")[0], label);
  if (/^!(channel|here|everyone)$/.test(target)) return ctx.mention.broadcast(target.slice(1));
  if (target.startsWith("!")) return h("span", { class: "mention" }, label ?? target);
  if (!/^[a-z][a-z0-9+.-]*:/i.test(target)) return null;
  return link(decode(target), label ?? decode(target.replace(/^mailto:/, "")));
}

function date(target, label, ctx) {
  const [, seconds, format, address] = target.split("^");
  const words = dateToken(seconds, decode(format ?? ""), ctx.locale) ?? label ?? target;
  const time = h("time", { title: label ?? "" }, words);
  return address ? link(decode(address), time) : time;
}

/** Returns the nodes of a text object (`mrkdwn` or `plain_text`). */
export function textObject(object, ctx) {
  if (!object || typeof object.text !== "string") return [];
  if (object.type === "mrkdwn") return mrkdwn(object.text, ctx);
  return plain(object.text, object.emoji !== false);
}

/** Returns the nodes of plain text: emoji and line ends, but no marks and no tokens. */
export function plain(text, withEmoji = true) {
  return text.split(/(:[a-z0-9_+-]+:|\n)/).map((part) => {
    if (part === "\n") return h("br");
    const node = withEmoji && /^:.+:$/.test(part) ? emoji(part.slice(1, -1)) : null;
    return node ?? decode(part);
  });
}
