/* Sends what a person does to the local Slack, and keeps how long the ack took. */

import { post } from "./api.js";
import { did, refresh, say, set, state } from "./state.js";

const WORDS = {
  operation_timeout: "the app did not acknowledge within 3 seconds",
  dispatch_failed: "the app could not be reached",
  dispatch_unknown_error: "the app could not be reached",
  connection_lost: "the local Slack does not answer",
  http_500: "the local Slack failed",
};

async function request(path, words, body) {
  set({ busy: words });
  const answer = await post(path, { user: state.me, wait_ms: 0, ...body });
  // A modal without `notify_on_close` is closed without a request, so there is no ack to measure.
  const measured = typeof answer.ack_ms === "number" || (answer.ack_ms === null && answer.error !== undefined);
  set({ busy: "", ack: measured ? { ms: answer.ack_ms, error: answer.error } : state.ack });
  await refresh();
  return answer;
}

/** Returns an error code with its meaning. */
export function explain(code) {
  return Object.hasOwn(WORDS, code) ? `${WORDS[code]} (${code})` : code;
}

/** Whether a request failed and the local Slack posted no message about it. */
function untold(answer) {
  return answer.error !== undefined && !answer.replies?.length;
}

/** Whether the local Slack rejected the request itself; other failures are shown by the view. */
function notTaken(answer) {
  return answer.error !== undefined && answer.replies === undefined;
}

/** Sends a slash command in a channel; Slackbot reports a failure, as in Slack. */
export async function command(text, channel) {
  const answer = await request("/_local/command", text, { channel, text });
  const replies = (answer.replies ?? []).map((reply) => reply.text).join("\n");
  did({ kind: "command", text, replies, answered: answer.error === undefined });
  set({});
  if (untold(answer)) say(channel, `\`${text.split(/\s/)[0]}\` failed: ${explain(answer.error)}.`);
}

/** Sends a direct message to the app. */
export async function message(text, channel) {
  const answer = await request("/_local/message", "a message", { text });
  did({ kind: "message", text });
  set({});
  if (untold(answer)) say(channel, `Not sent: ${explain(answer.error)}.`);
}

/** Sends a click on a message. */
export async function clickOnMessage(message, channel, action) {
  const body = { channel, ts: message.ts, ...action };
  const answer = await request("/_local/click", "a click", body);
  did({ kind: "click", action_id: action.action_id });
  set({});
  if (untold(answer)) complain(`That did not work: ${explain(answer.error)}.`);
}

let noted = Promise.resolve();

/** Sends a click in a modal or in App Home, after the field values before it. */
export async function clickInView(view, action) {
  await noted;
  const answer = await request("/_local/click", "a click", { view_id: view.id, ...action });
  did({ kind: "click", action_id: action.action_id });
  set({});
  const quiet = view.type === "modal" && !notTaken(answer);
  if (answer.error && !quiet) complain(`That did not work: ${explain(answer.error)}.`);
}

/** Sends the current value of a view's field; the app receives it with the next click. */
export function note(view, block, element, value) {
  const what = { action_id: element.action_id, block_id: block.block_id, selected_option: value };
  noted = post("/_local/click", { user: state.me, view_id: view.id, ...what });
}

/** Submits a modal; returns the error if the modal itself does not show it, else null. */
export async function submit(view, values) {
  const answer = await request("/_local/submit", "a form", { view_id: view.id, values });
  return notTaken(answer) ? explain(answer.error) : null;
}

/** Closes a modal, or with `clear` the whole stack. */
export function close(view, clear = false) {
  return request("/_local/close", "the closing of a modal", { view_id: view.id, clear });
}

/** Drops the acting user's modals, as Slack does at a reload; the app gets no request. */
export function leave() {
  void post("/_local/leave", { user: state.me }, { keepalive: true });
}

/** Tells the app that the acting user opened its Home. */
export function openHome() {
  return request("/_local/home", "the opening of Home", {});
}

/** Shows an error for some seconds. */
export function complain(words) {
  const toast = document.getElementById("toast");
  toast.textContent = words;
  toast.hidden = false;
  clearTimeout(complain.timer);
  complain.timer = setTimeout(() => {
    toast.hidden = true;
  }, 8000);
}
