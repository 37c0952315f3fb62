/* Draws `table` blocks, and `data_table` blocks with a filter, sorting and pages. */

import { h, uniqueId } from "./dom.js";
import { icon } from "./icons.js";
import { richText } from "./richtext.js";

/** Returns a plain table; its first row is the header. */
export function table(block, ctx) {
  const [header = [], ...rows] = block.rows ?? [];
  const settings = block.column_settings ?? [];
  const look = (column) => {
    const { align = "left", is_wrapped: wrapped = false } = settings[column] ?? {};
    return `align-${align}${wrapped ? " wrapped" : ""}`;
  };
  const heads = header.map((cell, i) => h("th", { scope: "col", class: look(i) }, content(cell, ctx)));
  const body = rows.map((row) =>
    h("tr", null, row.map((cell, i) => h("td", { class: look(i) }, content(cell, ctx)))),
  );
  return h(
    "div",
    { class: "table-scroll" },
    h("table", null, h("thead", null, h("tr", null, heads)), h("tbody", null, body)),
  );
}

function content(cell, ctx) {
  if (cell.type === "rich_text") return richText(cell, ctx);
  if (cell.type === "raw_number") return cell.text ?? String(cell.value ?? "");
  if (cell.type === "raw_text") return cell.text ?? "";
  return h("span", { class: "unknown-inline" }, `Unknown cell: ${cell.type}`);
}

function plainText(node) {
  if (Array.isArray(node)) return node.map(plainText).join("");
  return typeof node === "object" && node !== null
    ? plainText(node.elements ?? node.text ?? node.value ?? "")
    : String(node ?? "");
}

/** Returns a data table: a filter above `page_size` rows, sorting by click, and pages. */
export function dataTable(block, ctx) {
  const [header = [], ...rows] = block.rows ?? [];
  const view = {
    size: block.page_size ?? 5,
    page: 0,
    column: null,
    down: false,
    filter: "",
    rowHeader: block.row_header_column_index ?? 0,
  };
  const titles = header.map((cell) => plainText(cell));
  const numeric = header.map((_, i) => rows.length > 0 && rows.every((r) => r[i]?.type === "raw_number"));
  const heads = titles.map((title, i) => heading(title, numeric[i], () => sortBy(i)));
  const body = h("tbody");
  const caption = h("caption", null, block.caption ?? "");
  const pager = drawPager(block.caption ?? "table", (step) => turn(step));
  const search = rows.length > view.size ? filterField(block.caption ?? "table", setFilter) : null;

  function draw() {
    const shown = selectRows(rows, view);
    const last = Math.max(0, Math.ceil(shown.length / view.size) - 1);
    view.page = Math.min(view.page, last);
    const from = view.page * view.size;
    const page = shown.slice(from, from + view.size);
    body.replaceChildren(...page.map((row) => drawRow(row, view, numeric, ctx)));
    heads.forEach((head, i) => markSorted(head, view, i));
    pager.show(from, page.length, shown.length, view.page, last);
  }
  function sortBy(i) {
    view.down = view.column === i && !view.down;
    view.column = i;
    draw();
  }
  function turn(step) {
    view.page += step;
    draw();
  }
  function setFilter(text) {
    [view.filter, view.page] = [text.trim().toLocaleLowerCase(), 0];
    draw();
  }
  draw();
  const grid = h("table", null, caption, h("thead", null, h("tr", null, heads)), body);
  return h("div", { class: "data-table" }, search, h("div", { class: "table-scroll" }, grid), pager.node);
}

function selectRows(rows, { filter, column, down }) {
  const matches = rows.filter((row) =>
    row.some((cell) => plainText(cell).toLocaleLowerCase().includes(filter)),
  );
  if (column === null) return matches;
  return matches.sort((a, b) => (down ? -1 : 1) * compare(a[column], b[column]));
}

function compare(a, b) {
  if (a?.type === "raw_number" && b?.type === "raw_number") return a.value - b.value;
  return plainText(a).localeCompare(plainText(b), undefined, { numeric: true });
}

function drawRow(row, view, numeric, ctx) {
  const cells = row.map((cell, i) => {
    const look = { class: numeric[i] ? "align-right" : "align-left" };
    const props = i === view.rowHeader ? { scope: "row", ...look } : look;
    return h(i === view.rowHeader ? "th" : "td", props, content(cell, ctx));
  });
  return h("tr", null, cells);
}

function heading(title, isNumber, click) {
  const arrow = h("span", { class: "sort-arrow" }, icon("up"));
  const button = h("button", { type: "button", class: "sort", on: { click } }, title, arrow);
  return h("th", { scope: "col", class: isNumber ? "align-right" : "align-left" }, button);
}

function markSorted(head, view, i) {
  if (view.column !== i) head.removeAttribute("aria-sort");
  else head.setAttribute("aria-sort", view.down ? "descending" : "ascending");
}

function filterField(caption, change) {
  const id = uniqueId("filter");
  const on = { input: (event) => change(event.target.value) };
  const label = `Filter ${caption}`;
  return h(
    "div",
    { class: "table-filter" },
    icon("search"),
    h("input", { id, type: "search", "aria-label": label, placeholder: "Filter rows", on }),
  );
}

function drawPager(caption, turn) {
  const range = h("span", { class: "range", role: "status" });
  const button = (name, glyph, step) =>
    h(
      "button",
      { type: "button", class: "page-turn", "aria-label": name, on: { click: () => turn(step) } },
      icon(glyph),
    );
  const back = button("Previous page", "left", -1);
  const next = button("Next page", "right", 1);
  const node = h("div", { class: "pager", role: "group", "aria-label": `Pages of ${caption}` }, range, back, next);
  function show(from, count, total, page, last) {
    range.textContent = count ? `${from + 1}–${from + count} of ${total}` : "No rows";
    back.disabled = page === 0;
    next.disabled = page >= last;
    back.hidden = next.hidden = last === 0;
  }
  return { node, show };
}
