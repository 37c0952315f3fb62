/* The first minute: a short list of things to try, ticked off by what really happened. */

import { command } from "./actions.js";
import { h, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { actAs, goTo } from "./people.js";
import { HOME, people, set, state, user } from "./state.js";

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

/** Wires the card: `panel` opens the side panel, `focus` gives the focus to the composer. */
export function guide(card, { openPanel, focus }) {
  const list = h("ol", { "aria-label": "Things to try" });
  const count = h("span", { class: "guide-count", role: "status" });
  const leave = () => {
    saveProgress({ dismissed: true });
    set({});
    focus();
  };
  const shut = h("button", { type: "button", class: "icon-button", "aria-label": "Dismiss the first minute", on: { click: leave } }, icon("close"));
  card.append(h("header", null, h("h2", null, "First minute"), count, shut), list);

  let lastNextId = null;
  return function draw() {
    const { backstage } = state;
    const steps = backstage?.guide ?? [];
    card.hidden = steps.length === 0 || progress.dismissed === true;
    if (card.hidden) return;
    if (progress.session !== backstage.session) saveProgress({ session: backstage.session, done: [] });
    for (const step of steps) tick(step);
    const done = steps.filter((step) => progress.done.includes(step.id)).length;
    count.textContent = done === steps.length ? "All done" : `${done} of ${steps.length}`;
    const next = steps.find((step) => !progress.done.includes(step.id));
    reconcile(list, steps.map((step) => item(step, step === next, { openPanel, focus })));
    if (next?.id !== lastNextId) scrollTo(list, list.querySelector(".next"));
    lastNextId = next?.id;
  };
}

/** Shows the next step and the one before it where the list is longer than its room. */
function scrollTo(list, next) {
  const before = next?.previousElementSibling;
  if (before) list.scrollTop = before.offsetTop;
}

function item(step, isNext, more) {
  const done = progress.done.includes(step.id);
  const answered = (step.commands ?? []).filter((words) => progress.done.includes(words));
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
        step.commands ? h("div", { class: "tries" }, step.commands.map((words) => suggested(step, words, answered, more))) : null,
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

/** Goes to where a step is done, as the one who does it; doing it is left to the visitor. */
function start(step, { openPanel, focus }) {
  const who = people().find((one) => one.name === step.as);
  const channel = channelOf(step);
  if (who && who.id !== state.me) actAs(who.id);
  if (channel && channel !== state.place) goTo(channel);
  if (step.kind === "steer") openPanel();
  else focus();
}

function channelOf(step) {
  return state.channels.find((one) => one.name === step.channel)?.id;
}

function tick(step) {
  for (const words of step.commands ?? []) {
    if (state.deeds.some((deed) => deed.kind === "command" && deed.text === words && deed.answered)) note(words);
  }
  if (HAPPENED[step.kind]?.(step)) note(step.id);
}

function note(id) {
  if (!progress.done.includes(id)) saveProgress({ done: [...progress.done, id] });
}

const HAPPENED = {
  commands: (step) => step.commands.every((words) => progress.done.includes(words)),
  arrives: (step) => messages(step).some((message) => holds(message, step.action_id)),
  says: (step) => messages(step).some((message) => message.text.includes(step.text)),
  refused: (step) => clicks(step).some(({ deed, message }) => !entitled(step, deed) && gotReply(step, deed) && holds(message, step.action_id)),
  done: (step) => clicks(step).some(({ deed, message }) => entitled(step, deed) && !holds(message, step.action_id)),
  home: () => state.place === HOME,
  visit: (step) => progress.done.includes(step.after) && state.place === channelOf(step),
  steer: (step) => state.deeds.some((deed) => deed.kind === "steer" && same(deed.wanted, step.wanted)),
};

function messages(step) {
  return (state.messages[channelOf(step)] ?? []).filter((one) => one.user === state.bot_user && !one.ephemeral_to);
}

/** The clicks on the step's button, each with the message as it stands now. */
function clicks(step) {
  const candidates = messages(step);
  return state.deeds
    .filter((deed) => deed.kind === "click" && deed.action_id === step.action_id)
    .map((deed) => ({ deed, message: candidates.find((one) => one.ts === deed.ts) }))
    .filter(({ message }) => message);
}

/** Whether the one who clicked was told something that only they see. */
function gotReply(step, { me, after }) {
  const all = state.messages[channelOf(step)] ?? [];
  return all.some((one) => one.ephemeral_to === me && Number(one.ts) > Number(after));
}

function entitled(step, deed) {
  return (user(deed.me).roles ?? []).some((role) => step.roles.includes(role));
}

function holds(message, actionId) {
  return message.blocks.some((block) => [...(block.elements ?? []), block.accessory].some((one) => one?.action_id === actionId));
}

function same(a, b) {
  return Object.entries(b).every(([name, value]) => a[name] === value);
}
