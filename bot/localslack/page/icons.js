/* Line icons on a 20 × 20 grid, drawn here because the page loads nothing from other servers. */

import { svg } from "./dom.js";

const PATHS = {
  hash: "M8 3 6 17 M14 3 12 17 M3.5 7.5H17 M3 12.5H16.5",
  home: "M3.5 9.5 10 4l6.5 5.5V16a.8.8 0 0 1-.8.8H12V12H8v4.8H4.3a.8.8 0 0 1-.8-.8Z",
  sun: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7Z M10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M4.3 15.7l1.1-1.1M14.6 5.4l1.1-1.1",
  moon: "M16.5 12.2A7 7 0 0 1 7.8 3.5a7 7 0 1 0 8.7 8.7Z",
  send: "M3.5 4 17 10 3.5 16l1.8-6ZM5.3 10H10",
  close: "M5 5l10 10M15 5 5 15",
  left: "M12 5l-5 5 5 5",
  right: "M8 5l5 5-5 5",
  down: "M10 4v11M5 10.5l5 5 5-5",
  up: "M6 11l4-4 4 4",
  eye: "M2.5 10S5 5 10 5s7.5 5 7.5 5-2.5 5-7.5 5-7.5-5-7.5-5Z M10 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z",
  warning: "M10 3.5 17.5 16.5h-15Z M10 8.5v3.5M10 14.2v.1",
  info: "M10 2.8a7.2 7.2 0 1 0 0 14.4 7.2 7.2 0 0 0 0-14.4Z M10 9.2v4.3M10 6.6v.1",
  check: "M10 2.8a7.2 7.2 0 1 0 0 14.4 7.2 7.2 0 0 0 0-14.4Z M6.8 10.2l2.2 2.2 4.2-4.4",
  image: "M3 4.5h14v11H3Z M3 13l4-4 3.5 3.5L13 10l4 3.5 M12.8 7.6v.1",
  robot: "M10 3v2.5 M5.5 5.5h9a2 2 0 0 1 2 2V13a2 2 0 0 1-2 2h-9a2 2 0 0 1-2-2V7.5a2 2 0 0 1 2-2Z M7.6 9.2v1.2 M12.4 9.2v1.2 M8 12.7h4",
  search: "M9 4a5 5 0 1 0 0 10A5 5 0 0 0 9 4Z M12.7 12.7 16.5 16.5",
  pulse: "M2.5 10H6l2.2-6 3.6 12L14 10h3.5",
  tick: "M5 10.5l3.2 3.2L15 6.8",
  out: "M6 14 14 6M7.5 6H14v6.5",
  in: "M14 6 6 14M12.5 14H6V7.5",
  plug: "M7 3v4M13 3v4M5 7h10v3a5 5 0 0 1-10 0Z M10 15v3",
  gear: "M10 7.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6Z M10 2.5v2M10 15.5v2M2.5 10h2M15.5 10h2M4.7 4.7l1.4 1.4M13.9 13.9l1.4 1.4M4.7 15.3l1.4-1.4M13.9 6.1l1.4-1.4",
  database: "M4 5c0-3 12-3 12 0s-12 3-12 0Z M4 5v10c0 3 12 3 12 0V5 M4 10c0 3 12 3 12 0",
  puzzle: "M4 7h3.2a1.8 1.8 0 1 1 3.6 0H14v3.2a1.8 1.8 0 1 1 0 3.6V17H4Z",
};

/** Returns a decorative icon; its parent element has the text. */
export function icon(name) {
  return svg(
    "svg",
    { class: `icon icon-${name}`, viewBox: "0 0 20 20", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: PATHS[name] }),
  );
}

/** Returns the three dots of an overflow menu's button. */
export function dots() {
  return svg(
    "svg",
    { class: "icon icon-dots", viewBox: "0 0 20 20", "aria-hidden": "true", focusable: "false" },
    ...[4.5, 10, 15.5].map((cx) => svg("circle", { cx, cy: 10, r: 1.5 })),
  );
}
