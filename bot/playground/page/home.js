/* App Home: the view the bot published for the acting user. */

import { clickInView } from "./actions.js";
import { drawBlocks } from "./blocks.js";
import { h, reconcile } from "./dom.js";
import { surface } from "./people.js";
import { state } from "./state.js";

/** Keeps the App Home pane as the state says. */
export function homePane(pane) {
  return function draw() {
    const view = state.homes[state.me];
    const signature = JSON.stringify([view ?? null, state.me]);
    reconcile(pane, [{ key: "home", signature, build: () => (view ? drawHome(view) : empty()) }]);
  };
}

function drawHome(view) {
  const ctx = surface((action) => clickInView(view, action));
  return h("div", { class: "home-view body" }, drawBlocks(view.blocks ?? [], ctx));
}

function empty() {
  return h("p", { class: "nothing" }, "The app has not published a Home for this person.");
}
