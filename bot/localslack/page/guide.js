/* The guide: a short list of things to try. A step is ticked when it happened, in any way. */

import { command } from "./actions.js";
import { h, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { actAs, goTo } from "./people.js";
import { HOME, people, set, state } from "./state.js";

const KEY = "local-slack-guide";
let progress = load();

function load() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

function saveProgress(values) {
  progress = { ...progress, ...values };
  localStorage.setItem(KEY, JSON.stringify(progress));
}

/** Connects the card: `openPanel` opens the side panel, `focus` moves the focus to the composer. */
export function guide(card, { openPanel, focus }) {
  const list = h("ol", { "aria-label": "Things to try" });
  const count = h("span", { class: "guide-count", role: "status" });
  const leave = () => {
    saveProgress({ dismissed: state.backstage.session });
    set({});
    focus();
  };
  const shut = h("button", { type: "button", class: "icon-button", "aria-label": "Close the guide", on: { click: leave } }, icon("close"));
  card.append(h("header", null, h("h2", null, "Guide"), count, shut), list);

  let lastNextId = null;
  return function draw() {
    const { backstage } = state;
    const steps = backstage?.guide ?? [];
    card.hidden = steps.length === 0 || progress.dismissed === backstage.session;
    if (card.hidden) return;
    if (progress.session !== backstage.session) saveProgress({ session: backstage.session, done: [], chosen: null });
    for (const step of steps) tick(step);
    const done = steps.filter((step) => progress.done.includes(step.id)).length;
    count.textContent = done === steps.length ? "All done" : `${done} of ${steps.length}`;
    const open = steps.filter((step) => !progress.done.includes(step.id));
    const next = open.find((step) => step.id === progress.chosen) ?? open[0];
    reconcile(list, steps.map((step) => item(step, step === next, { openPanel, focus })));
    if (next?.id !== lastNextId) scrollTo(list, list.querySelector(".next"));
    lastNextId = next?.id;
  };
}

/** Scrolls a long list so that the next step and the one before it are visible. */
function scrollTo(list, next) {
  const before = next?.previousElementSibling;
  if (before) list.scrollTop = before.offsetTop;
}

function item(step, isNext, more) {
  const done = progress.done.includes(step.id);
  const answered = (step.commands ?? []).map(({ text }) => text).filter((text) => progress.done.includes(text));
  const label = `${step.title}${done ? ", done" : ""}`;
  const build = () =>
    h(
      "li",
      { class: `step${done ? " done" : ""}${isNext ? " next" : ""}` },
      h("span", { class: "tick", "aria-hidden": "true" }, done ? icon("tick") : null),
      h(
        "div",
        null,
        h("button", { type: "button", "aria-label": label, "data-action": `step ${step.id}`, on: { click: () => start(step, more) } }, step.title),
        step.note && isNext ? h("p", null, step.note) : null,
        step.commands ? h("div", { class: "tries" }, step.commands.map(({ text }) => suggested(step, text, answered, more))) : null,
      ),
    );
  return { key: step.id, signature: JSON.stringify([done, isNext, answered]), build };
}

function suggested(step, words, answered, more) {
  const done = answered.includes(words);
  const click = () => {
    start(step, more);
    void command(words, state.place);
  };
  const props = { type: "button", class: `try${done ? " done" : ""}`, "aria-label": `Type ${words}`, "data-action": `try ${words}`, on: { click } };
  return h("button", props, words, done ? icon("tick") : null);
}

/** Opens the place of a step as the person who does it; the visitor does the step. */
function start(step, { openPanel, focus }) {
  saveProgress({ chosen: step.id });
  const who = people().find((one) => one.name === step.as);
  const channel = idOf(step.channel);
  if (who && who.id !== state.me) actAs(who.id);
  if (channel && channel !== state.place) goTo(channel);
  set({});
  if (step.kind === "steer") openPanel();
  else focus();
}

function idOf(channel) {
  return state.channels.find((one) => one.name === channel)?.id;
}

function tick(step) {
  for (const one of step.commands ?? []) if (state.deeds.some((deed) => isOf(deed, one))) note(one.text);
  if (HAPPENED[step.kind](step) || nothingToDo(step)) note(step.id);
}

function note(id) {
  if (!progress.done.includes(id)) saveProgress({ done: [...progress.done, id] });
}

const HAPPENED = {
  commands: (step) => step.commands.every(({ text }) => progress.done.includes(text)),
  says: (step) => step.patterns.every((pattern) => messages(step.in).some(({ text }) => new RegExp(pattern, "m").test(text))),
  home: () => state.place === HOME,
  visit: (step) => state.place === idOf(step.channel) && messages(step.channel).length > 0,
  steer: (step) => (!step.after || progress.done.includes(step.after)) && [...steered(), state.backstage.worker ?? {}].some((controls) => same(controls, step.wanted)),
};

/** Whether an action had the effect of a suggested command: typed, also with options, or by a button. */
function isOf(deed, { same: commands, action_id: actionId }) {
  if (deed.kind === "click") return actionId !== "" && deed.action_id === actionId;
  if (deed.kind !== "command" || !deed.answered) return false;
  const typed = deed.text.trim().replace(/\s+/g, " ");
  return commands.some((text) => typed === text || (text.split(" ").length > 1 && typed.startsWith(`${text} `)));
}

/** Whether the reply to a command of the step was that there is nothing to do. */
function nothingToDo(step) {
  if (!step.replies) return false;
  const replies = new RegExp(step.replies);
  return state.deeds.some((deed) => step.commands.some((one) => isOf(deed, one)) && replies.test(deed.replies));
}

function messages(channel) {
  return (state.messages[idOf(channel)] ?? []).filter((one) => one.user === state.bot_user && !one.ephemeral_to);
}

function steered() {
  return state.deeds.filter((deed) => deed.kind === "steer").map((deed) => deed.wanted);
}

function same(a, b) {
  return Object.entries(b).every(([name, value]) => a[name] === value);
}
