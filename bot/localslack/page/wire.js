/* The panel's wire: faults to switch on, and each request with its duration. */

import { post } from "./api.js";
import { complain } from "./actions.js";
import { h, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { set, state } from "./state.js";

const METHODS = [
  "chat.postMessage",
  "chat.update",
  "chat.postEphemeral",
  "response_url",
  "views.open",
  "views.update",
  "views.publish",
  "users.info",
  "usergroups.users.list",
  "conversations.info",
  "auth.test",
  "apps.connections.open",
];
const ANSWERS = {
  429: "429, too many requests",
  500: "500",
  html: "503 with an HTML page",
  timeout: "no answer, but the call took effect",
  reset: "connection reset, without effect",
  error: "an error code:",
};
const SOCKETS = {
  duplicate: ["Duplicate next", "The next envelope is sent twice"],
  delay: ["Delay next", "The next envelope is sent two seconds late"],
  refresh: ["Ask to reconnect", "Send a disconnect frame to every socket"],
  silence: ["Silence", "Keep the sockets open, but neither read nor send"],
  kill: ["Kill", "Close every socket without a disconnect frame"],
};

/** Returns the tab's node, and the function that draws it. */
export function wireTab() {
  const faults = faultForm();
  const list = h("ol", { class: "requests", "aria-label": "Requests, newest first" });
  const sockets = h("span", { class: "row-count" });
  const node = h(
    "div",
    { id: "tab-wire", class: "panel-body", role: "tabpanel", "aria-label": "Traffic" },
    faults.node,
    h("section", { "aria-label": "Requests" }, h("h3", null, icon("pulse"), "Requests", sockets), list),
  );
  function draw(panel) {
    faults.draw(panel);
    sockets.textContent = `${panel.connections} ${panel.connections === 1 ? "socket" : "sockets"}`;
    reconcile(list, panel.requests.map((one) => request(one, panel.ack_limit_ms)));
  }
  return { node, draw };
}

async function fault(body) {
  const answer = await post("/_local/faults", body);
  if (answer.error) return complain(`This fault is not possible: ${answer.error}.`);
  return set({ backstage: { ...state.backstage, ...answer } });
}

function faultForm() {
  const method = h("select", { class: "select", "aria-label": "Method" }, METHODS.map((name) => h("option", { value: name }, name)));
  const kinds = Object.entries(ANSWERS).map(([value, words]) => h("option", { value }, words));
  const answer = h("select", { class: "select", "aria-label": "Answer", on: { change: () => showCode() } }, kinds);
  const code = h("input", { class: "input", "aria-label": "Error code", value: "internal_error", spellcheck: "false", autocomplete: "off" });
  const count = h("input", { class: "input count", type: "number", min: 1, max: 100, value: 1, "aria-label": "How many times" });
  const waiting = h("ul", { class: "faults-waiting", "aria-label": "Active faults" });
  const showCode = () => {
    code.hidden = answer.value !== "error";
  };
  const send = (event) => {
    event.preventDefault();
    const body = { method: method.value, answer: answer.value, count: Number(count.value) };
    void fault(answer.value === "error" ? { ...body, code: code.value } : body);
  };
  const refuse = h("button", { type: "button", class: "button", title: "Refuse new sockets; open ones stay", on: { click: () => void fault({ sockets: "refuse", on: refuse.ariaPressed !== "true" }) } }, "Refuse new sockets");
  const noCharts = h("button", { type: "button", class: "button", title: "Answer invalid_blocks to messages with a chart, as in a workspace without charts", on: { click: () => void fault({ blocks: "data_visualization", on: noCharts.ariaPressed !== "true" }) } }, "Refuse charts");
  const socketButtons = Object.entries(SOCKETS).map(([sockets, [words, title]]) =>
    h("button", { type: "button", class: "button", title, on: { click: () => void fault({ sockets }) } }, words),
  );
  showCode();
  const node = h(
    "section",
    { class: "faults", "aria-label": "Faults" },
    h("h3", null, icon("warning"), "Faults"),
    h(
      "form",
      { on: { submit: send } },
      h("span", null, "Answer"),
      method,
      h("span", null, "with"),
      h("span", { class: "fault-answer" }, answer, code),
      h("span", null, "calls"),
      h("span", { class: "fault-send" }, count, h("button", { type: "submit", class: "button danger" }, "Switch on")),
    ),
    waiting,
    h("div", { class: "socket-buttons", role: "group", "aria-label": "Sockets and blocks" }, socketButtons, refuse, noCharts),
  );
  function draw({ faults: pending, refusing, refused_blocks: unknown = [] }) {
    refuse.ariaPressed = String(refusing === true);
    noCharts.ariaPressed = String(unknown.includes("data_visualization"));
    const items = Object.entries(pending).map(([name, left]) => ({
      key: name,
      signature: String(left),
      build: () => h("li", null, h("code", null, name), ` fails ${left} more ${left === 1 ? "time" : "times"}`),
    }));
    const off = () => h("li", null, h("button", { type: "button", class: "dismiss", on: { click: () => void fault({ clear: true }) } }, "Remove all faults"));
    reconcile(waiting, items.length ? [...items, { key: "", signature: "", build: off }] : []);
  }
  return { node, draw };
}

const KINDS = { call: ["out", "from the app"], envelope: ["in", "to the app"], socket: ["plug", "socket"] };

/** Returns the row of a request: its direction, its outcome, and an envelope's ack time. */
function request(one, limit) {
  const { number, kind, name, ms, outcome } = one;
  const [glyph, direction] = KINDS[kind];
  const time = ms === null ? null : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  const bad = outcome !== null && outcome !== "ok";
  const label = [name, direction, outcome ?? "waiting", time].filter(Boolean).join(", ");
  const at = new Date(state.backstageAt - one.ago_ms).toTimeString().slice(0, 8);
  const meter = () => h("meter", { min: 0, max: limit, low: limit / 3, high: (2 * limit) / 3, optimum: 0, value: ms ?? limit, "aria-label": `Ack against ${limit} ms` });
  const build = () =>
    h(
      "li",
      { class: `request request-${kind}${bad ? " bad" : ""}`, "aria-label": label, title: `${at} ${direction}` },
      icon(glyph),
      h("span", { class: "request-name" }, name),
      bad ? h("span", { class: "request-outcome" }, outcome) : null,
      kind === "envelope" && outcome !== null ? meter() : null,
      h("span", { class: "request-ms" }, time ?? (outcome === null ? "…" : "")),
    );
  return { key: String(number), signature: JSON.stringify([ms, outcome]), build };
}
