/** Elements with text in them. Text goes in as text nodes only, never as markup. */
import { ago, plain } from './words.js';

export const byId = (id) => document.getElementById(id);

/** `element('p', 'muted', 'text or', otherElement)`; strings become text nodes. */
export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  for (const child of children) if (child !== undefined && child !== '') made.append(child);
  return made;
}

/** Foreign text keeps its direction to itself. */
export function foreign(text, className) {
  return element('bdi', className, plain(text));
}

export function timeElement(at, text, className) {
  const made = element('time', className, text);
  made.dateTime = new Date(at).toISOString();
  made.title = new Date(at).toLocaleString();
  return made;
}

export function agoElement(at) {
  const made = timeElement(at, ago(at, Date.now()), 'muted');
  made.dataset.ago = String(at);
  return made;
}

/** Puts children in the place of the old ones only when they differ: the reader's place and focus stay. */
export function fill(parent, children) {
  const fresh = element('div', '', ...children);
  const same =
    parent.childNodes.length === fresh.childNodes.length &&
    [...fresh.childNodes].every((node, at) => node.isEqualNode(parent.childNodes[at]));
  if (!same) parent.replaceChildren(...fresh.childNodes);
}

const svg = 'http://www.w3.org/2000/svg';

/** A part of a drawing, with its children. */
export function svgElement(name, attributes, ...children) {
  const made = document.createElementNS(svg, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}
