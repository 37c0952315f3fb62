/* The panel's queue: the controls of the simulated worker, and the tables' rows. */

import { post } from "./api.js";
import { complain } from "./actions.js";
import { h, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { did, set, state } from "./state.js";

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];
const MOMENTS = new Set(["reserved_at", "available_at", "created_at"]);

/** Returns the tab's node, and the function that draws it. */
export function queueTab() {
  const controls = workerControls();
  const tables = h("div");
  const node = h("div", { id: "tab-queue", class: "panel-body", role: "tabpanel", "aria-label": "Queue" }, controls.node, tables);
  const drawers = new Map();
  function draw({ tables: rowsByTable, worker }) {
    controls.draw(worker);
    for (const [name, table] of Object.entries(rowsByTable)) {
      if (!drawers.has(name)) {
        drawers.set(name, tableView(name));
        tables.append(drawers.get(name).node);
      }
      drawers.get(name).draw(table);
    }
  }
  return { node, draw };
}

async function steer(changes) {
  const answer = await post("/_local/worker", changes);
  if (answer.error) return complain(`The worker did not change: ${answer.error}.`);
  did({ kind: "steer", wanted: changes });
  return set({ backstage: { ...state.backstage, worker: answer.worker } });
}

function workerControls() {
  let now = null;
  const flip = (name) => () => steer({ [name]: !now[name] });
  const outage = h("button", { type: "button", class: "button outage", on: { click: flip("broken") } });
  const pause = h("button", { type: "button", class: "button", on: { click: flip("paused") } });
  const about = h("p", { class: "worker-about", role: "status" });
  const speed = slider("Speed", { min: 0, max: SPEEDS.length - 1, step: 1 }, (at) => steer({ speed: SPEEDS[at] }));
  const rate = slider("Random failures", { min: 0, max: 100, step: 1 }, (percent) => steer({ failure_rate: percent / 100 }));
  const node = h(
    "section",
    { class: "worker", "aria-label": "Simulated worker" },
    h("h3", null, icon("gear"), "Simulated worker"),
    about,
    h("div", { class: "worker-buttons" }, outage, pause),
    speed.node,
    rate.node,
  );
  // Before the first draw the sliders have wrong values, and a key that keeps such a value is lost.
  node.hidden = true;
  function draw(worker) {
    node.hidden = !worker;
    if (!worker) return;
    now = worker;
    outage.textContent = worker.broken ? "Fix NetSuite" : "Break NetSuite";
    outage.classList.toggle("primary", worker.broken);
    outage.classList.toggle("danger", !worker.broken);
    pause.textContent = worker.paused ? "Resume" : "Pause";
    const job = worker.at === null ? "idle" : `processing job ${worker.at}`;
    const doing = worker.paused ? "paused" : job;
    about.textContent = `${worker.done} processed, ${worker.failed} failed; ${doing}.${worker.broken ? " NetSuite is broken: every netsuite job fails." : ""}`;
    speed.show(SPEEDS.indexOf(worker.speed), `${worker.speed}×`);
    rate.show(Math.round(worker.failure_rate * 100), `${Math.round(worker.failure_rate * 100)} %`);
  }
  return { node, draw };
}

/** Returns a labelled slider; while somebody drags it, the server's value does not move it. */
function slider(label, range, change) {
  const shown = h("output");
  const input = h("input", { type: "range", ...range, "aria-label": label, on: { change: () => change(Number(input.value)) } });
  function show(value, words) {
    shown.textContent = words;
    if (!input.matches(":active")) input.value = value;
    input.setAttribute("aria-valuetext", words);
  }
  return { node: h("label", { class: "slider" }, h("span", null, label), input, shown), show };
}

function tableView(name) {
  const count = h("span", { class: "row-count" });
  const head = h("tr");
  const body = h("tbody");
  const node = h(
    "section",
    { class: "rows", "aria-label": `Table ${name}` },
    h("h3", null, icon("database"), h("code", null, name), count),
    h("div", { class: "rows-scroll", tabindex: 0 }, h("table", { "aria-label": name }, h("thead", null, head), body)),
  );
  let knownIds = null;
  function draw({ count: all, columns, rows }) {
    count.textContent = all > rows.length ? `${rows.length} newest of ${all}` : `${all} ${all === 1 ? "row" : "rows"}`;
    if (!head.children.length) head.append(...columns.map((column) => h("th", { scope: "col" }, column)));
    const fresh = (row) => knownIds !== null && !knownIds.has(row[0]);
    reconcile(
      body,
      rows.map((row) => ({
        key: String(row[0]),
        signature: JSON.stringify(row),
        build: () => h("tr", { class: fresh(row) ? "fresh" : null }, row.map((value, i) => cell(value, columns[i]))),
      })),
    );
    knownIds = new Set([...(knownIds ?? []), ...rows.map((row) => row[0])]);
  }
  return { node, draw };
}

/** Returns a stored value; a moment is a time of day, with the stored number as a tooltip. */
function cell(value, column) {
  if (value === null) return h("td", { class: "null" }, "NULL");
  const text = String(value);
  if (MOMENTS.has(column)) return h("td", { title: text }, new Date(value * 1000).toTimeString().slice(0, 8));
  return h("td", { title: text.length > 24 ? text : null }, text);
}
