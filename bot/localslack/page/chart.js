/* data_visualization blocks as SVG: line, area, bar and pie, with a legend and a summary for screen readers. */

import { h, svg } from "./dom.js";

const WIDTH = 560;
const HEIGHT = 220;
const EDGE = { left: 48, right: 12, top: 12, bottom: 34 };

/** Returns a chart with its title and legend. */
export function chart(block) {
  const { chart: data = {}, title = "" } = block;
  const names = data.type === "pie" ? data.segments.map((s) => s.label) : data.series.map((s) => s.name);
  const drawing = data.type === "pie" ? pie(data.segments) : plot(data);
  const picture = svg(
    "svg",
    { viewBox: drawing.box, role: "img", "aria-label": summary(title, data) },
    drawing.nodes,
  );
  const look = `chart chart-${data.type === "pie" ? "pie" : "plot"}`;
  return h("figure", { class: look }, h("figcaption", null, title), picture, legend(names, data.type));
}

function summary(title, data) {
  if (data.type === "pie") {
    return `${title}: ${data.segments.map((s) => `${s.label} ${s.value}`).join(", ")}`;
  }
  const words = data.series.map((s) => `${s.name} ${s.data.map((d) => `${d.label} ${d.value}`).join(", ")}`);
  return `${title}: ${words.join("; ")}`;
}

function legend(names, type) {
  if (names.length < 2 && type !== "pie") return null;
  const items = names.map((name, i) => h("li", null, h("span", { class: `swatch series-${i % 12}` }), name));
  return h("ul", { class: "legend" }, items);
}

function plot(data) {
  const labels = data.axis_config?.categories ?? data.series[0].data.map((d) => d.label);
  const values = data.series.flatMap((s) => s.data.map((d) => d.value));
  const ticks = niceTicks(Math.min(0, ...values), Math.max(0, ...values));
  const inner = { width: WIDTH - EDGE.left - EDGE.right, height: HEIGHT - EDGE.top - EDGE.bottom };
  const [low, high] = [ticks[0], ticks.at(-1)];
  const scale = {
    step: inner.width / labels.length,
    x: (i) => EDGE.left + (inner.width * (i + 0.5)) / labels.length,
    y: (value) => EDGE.top + inner.height * (1 - (value - low) / (high - low)),
    labels,
  };
  const shapes = data.series.flatMap((series, i) => {
    if (data.type === "bar") return bars(series, i, data.series.length, scale);
    return lineOf(series, i, scale, data.type === "area");
  });
  const axis = data.axis_config ?? {};
  return {
    box: `0 0 ${WIDTH} ${HEIGHT}`,
    nodes: [...grid(ticks, scale), ...categories(scale), ...shapes, ...axisNames(axis)],
  };
}

/** Returns round numbers from below `low` to above `high`, in four or five steps. */
function niceTicks(low, high) {
  const raw = (high - low || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= raw);
  const ticks = [];
  for (let n = Math.floor(low / step); n <= Math.ceil(high / step); n += 1) ticks.push(n * step);
  return ticks.length > 1 ? ticks : [0, step];
}

function grid(ticks, { y }) {
  const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 2 });
  return ticks.flatMap((tick) => [
    svg("line", { class: "grid", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y(tick), y2: y(tick) }),
    svg("text", { class: "tick", x: EDGE.left - 8, y: y(tick) + 4, "text-anchor": "end" }, short.format(tick)),
  ]);
}

function categories({ labels, x, step }) {
  const longest = Math.max(...labels.map((label) => label.length)) * 6.4 + 10;
  const every = Math.max(1, Math.ceil(longest / step));
  return labels.flatMap((label, i) =>
    i % every === 0
      ? [svg("text", { class: "tick", x: x(i), y: HEIGHT - EDGE.bottom + 16, "text-anchor": "middle" }, label)]
      : [],
  );
}

function axisNames({ x_label: below, y_label: beside }) {
  const middle = (EDGE.left + WIDTH - EDGE.right) / 2;
  const nodes = [];
  if (below) nodes.push(svg("text", { class: "axis", x: middle, y: HEIGHT - 3, "text-anchor": "middle" }, below));
  if (beside) {
    const y = (EDGE.top + HEIGHT - EDGE.bottom) / 2;
    const turn = `rotate(-90 10 ${y})`;
    nodes.push(svg("text", { class: "axis", x: 10, y, transform: turn, "text-anchor": "middle" }, beside));
  }
  return nodes;
}

function points(series, { labels, x, y }) {
  return series.data.map((point, i) => {
    const at = labels.indexOf(point.label);
    return { ...point, x: x(at < 0 ? i : at), y: y(point.value) };
  });
}

function bars(series, index, count, scale) {
  const width = Math.min(40, (scale.step * 0.72) / count);
  const zero = scale.y(0);
  return points(series, scale).map((point) => {
    const box = {
      x: point.x - (width * count) / 2 + index * width + 0.75,
      y: Math.min(point.y, zero),
      width: Math.max(1, width - 1.5),
      height: Math.max(1, Math.abs(zero - point.y)),
    };
    return svg("rect", { class: `bar series-${index % 12}`, rx: 2, ...box }, tip(series, point));
  });
}

function lineOf(series, index, scale, filled) {
  const dots = points(series, scale);
  const path = dots.map((p, i) => `${i ? "L" : "M"}${p.x.toFixed(1)} ${p.y.toFixed(1)}`).join("");
  const look = `series-${index % 12}`;
  const zero = scale.y(0);
  const area = `${path}L${dots.at(-1).x.toFixed(1)} ${zero}L${dots[0].x.toFixed(1)} ${zero}Z`;
  return [
    filled ? svg("path", { class: `area ${look}`, d: area }) : null,
    svg("path", { class: `line ${look}`, d: path }),
    ...dots.map((p) => svg("circle", { class: `dot ${look}`, cx: p.x, cy: p.y, r: 3 }, tip(series, p))),
  ];
}

function tip(series, point) {
  return svg("title", null, `${series.name} · ${point.label}: ${point.value}`);
}

function pie(segments) {
  const total = segments.reduce((sum, s) => sum + s.value, 0) || 1;
  const share = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
  let turned = 0;
  const nodes = segments.map((segment, i) => {
    const part = segment.value / total;
    const path = slice(turned, turned + part);
    turned += part;
    const words = `${segment.label}: ${segment.value} (${share.format(part)})`;
    return svg("path", { class: `slice series-${i % 12}`, d: path }, svg("title", null, words));
  });
  return { box: "0 0 200 200", nodes };
}

/** Returns the path of a ring's slice between two fractions of a turn, on a 200 × 200 grid. */
function slice(from, to) {
  const end = Math.min(to, from + 0.9999);
  const at = (turn, radius) => {
    const angle = (turn - 0.25) * 2 * Math.PI;
    return `${(100 + radius * Math.cos(angle)).toFixed(2)} ${(100 + radius * Math.sin(angle)).toFixed(2)}`;
  };
  const large = end - from > 0.5 ? 1 : 0;
  const outer = `M${at(from, 92)}A92 92 0 ${large} 1 ${at(end, 92)}`;
  return `${outer}L${at(end, 54)}A54 54 0 ${large} 0 ${at(from, 54)}Z`;
}
