/*
 * Creates all elements of this page. Text becomes text nodes, so no text of a bot or of a job payload
 * can become markup.
 */

const SVG = "http://www.w3.org/2000/svg";
const FORBIDDEN = /^(?:on|style$|srcdoc$)/i;

/** Returns an HTML element with attributes, listeners under `on`, and children (nodes or text). */
export function h(tag, props, ...children) {
  return dress(document.createElement(tag), props, children);
}

/** Returns an SVG element in the same way. */
export function svg(tag, props, ...children) {
  return dress(document.createElementNS(SVG, tag), props, children);
}

function dress(node, props, children) {
  const { on = {}, ...attributes } = props ?? {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (FORBIDDEN.test(name)) throw new Error(`attribute ${name} is not allowed`);
    node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const [event, listener] of Object.entries(on)) node.addEventListener(event, listener);
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

/** Returns the address if it is safe to open (web and mail only), else null. */
export function safeUrl(address) {
  try {
    const url = new URL(address);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** Returns a link that opens in another tab, or its text alone if the address is not safe. */
export function link(address, label) {
  const href = safeUrl(address);
  const inside = href !== null && permalink(new URL(href));
  if (inside) return h("a", { href: inside }, label);
  if (href === null) return h("span", { class: "dead-link" }, label);
  return h("a", { href, target: "_blank", rel: "noopener noreferrer" }, label);
}

/** Returns a message's permalink as a place on this page, null for any other address. */
function permalink(url) {
  const here = url.origin === location.origin && /^\/archives\/\w+\/p\d+$/.test(url.pathname);
  return here ? `#${url.pathname}` : null;
}

const drawn = new WeakMap();

/**
 * Makes `items` (`{key, signature, build}`) the children of `parent`, in this order. A child with an
 * unchanged signature keeps its node, with its focus, its sorting and its open menus.
 */
export function reconcile(parent, items) {
  const old = new Map();
  for (const child of parent.children) old.set(drawn.get(child)?.key, child);
  let cursor = parent.firstElementChild;
  for (const { key, signature, build } of items) {
    let node = old.get(key);
    old.delete(key);
    if (!node || drawn.get(node).signature !== signature) {
      const fresh = build();
      drawn.set(fresh, { key, signature });
      if (node) {
        if (cursor === node) cursor = fresh;
        replaceKeepingFocus(node, fresh);
      }
      node = fresh;
    }
    if (node === cursor) cursor = cursor.nextElementSibling;
    else parent.insertBefore(node, cursor);
  }
  for (const gone of old.values()) gone.remove();
}

function replaceKeepingFocus(node, fresh) {
  const active = document.activeElement;
  const had = node.contains(active);
  const action = active?.dataset?.action;
  node.replaceWith(fresh);
  if (!had) return;
  const same = action && fresh.querySelector(`[data-action="${CSS.escape(action)}"]`);
  (same || fresh).focus({ preventScroll: true });
}

let counter = 0;

/** Returns an id for aria references, unique on this page. */
export function uniqueId(prefix) {
  counter += 1;
  return `${prefix}-${counter}`;
}
