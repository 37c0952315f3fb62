/* App Home: the view that the app published for the acting user. */

import { clickInView, note, openHome } from "./actions.js";
import { drawBlocks } from "./blocks.js";
import { h, reconcile } from "./dom.js";
import { fieldValue, surface } from "./people.js";
import { HOME, state } from "./state.js";

/** Draws the App Home pane from the state, and reports to the app when somebody opens it. */
export function homePane(pane) {
  let visitor = null;
  return function draw() {
    const here = state.place === HOME ? state.me : null;
    const came = here !== null && here !== visitor;
    visitor = here;
    if (came) void openHome();
    if (here === null) return;
    const view = state.homes[state.me];
    const signature = JSON.stringify([{ ...view, state: null }, state.me]);
    reconcile(pane, [{ key: "home", signature, build: () => (view ? drawHome(view) : empty()) }]);
  };
}

function drawHome(view) {
  const ctx = surface((action) => clickInView(view, action), {
    note: (block, element, value) => note(view, block, element, value),
    storedValue: (block, element) => fieldValue(view, block, element),
  });
  return h("div", { class: "home-view body" }, drawBlocks(view.blocks ?? [], ctx));
}

function empty() {
  return h("p", { class: "nothing" }, "The app has not published a Home for this person yet.");
}
