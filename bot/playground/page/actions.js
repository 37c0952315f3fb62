/* What a person does, sent to the local Slack, with the time its acknowledgement took. */

import { post } from "./api.js";
import { refresh, say, set, state } from "./state.js";

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
  set({ busy: "", ack: answer.ack_ms === undefined ? state.ack : { ms: answer.ack_ms, words } });
  await refresh();
  return answer;
}

/** What an error code means, in words. */
export function explain(code) {
  return Object.hasOwn(WORDS, code) ? `${WORDS[code]} (${code})` : code;
}

/** Sends a slash command in a channel; a failure is told by Slackbot, as in Slack. */
export async function command(text, channel) {
  const name = text.split(/\s/)[0];
  const answer = await request("/_local/command", text, { channel, text });
  if (answer.error) say(channel, `\`${name}\` failed with the error “${explain(answer.error)}”.`);
}

/** Sends a click on a message. */
export async function clickOnMessage(message, channel, action) {
  const body = { channel, ts: message.ts, ...action };
  const answer = await request("/_local/click", "click", body);
  if (answer.error) complain(`That did not work: ${explain(answer.error)}.`);
}

/** Sends a click in a modal or in App Home. */
export async function clickInView(view, action) {
  const answer = await request("/_local/click", "click", { view_id: view.id, ...action });
  if (answer.error) complain(`That did not work: ${explain(answer.error)}.`);
}

/** Submits a modal; answers `{errors}` by block or `{error}` where it was not accepted. */
export function submit(view, values) {
  return request("/_local/submit", "submit", { view_id: view.id, values });
}

/** Closes a modal. */
export function close(view) {
  return request("/_local/close", "close", { view_id: view.id });
}

/** Shows a short complaint that goes away by itself. */
export function complain(words) {
  const toast = document.getElementById("toast");
  toast.textContent = words;
  toast.hidden = false;
  clearTimeout(complain.timer);
  complain.timer = setTimeout(() => {
    toast.hidden = true;
  }, 8000);
}
