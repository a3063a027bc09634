// Building blocks of the widgets: elements, labelled controls, spoken results.

const SVG = "http://www.w3.org/2000/svg";
let count = 0;

/** An id that no other element of the page has. */
export const newId = (stem) => `pg-${stem}-${++count}`;

/**
 * Make an element: attributes by name (a function is an event listener by its name without "on"), then children.
 * `true` writes an attribute without value; false, null and undefined leave it out.
 */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Put a label over a control; `control` is an input, select or output. */
export function labelled(text, control, ...more) {
  control.id ||= newId("field");
  return h("div", { class: "pg-field" }, h("label", { for: control.id }, text), control, ...more);
}

/** A drop-down list of [value, text] pairs or {group, options} of such. */
export function select(options, chosen, change) {
  const option = ([value, text]) => h("option", { value, selected: value === chosen }, text);
  const parts = options.map((one) =>
    Array.isArray(one) ? option(one) : h("optgroup", { label: one.group }, one.options.map(option)));
  return h("select", { onchange: (event) => change(event.target.value) }, parts);
}

/**
 * A slider with a number field beside it, both labelled.
 *
 * @returns {element, set}: set(value) moves both without a call of `change`.
 */
export function slider(text, { min, max, step, value }, change) {
  const range = h("input", { type: "range", min, max, step, value });
  const number = h("input", { type: "number", min, max, step, value, "aria-label": `${text}, as a number` });
  const follow = (from, to) => () => {
    const given = Number(from.value);
    if (from.value === "" || !from.checkValidity()) return;
    to.value = given;
    change(given);
  };
  range.addEventListener("input", follow(range, number));
  number.addEventListener("input", follow(number, range));
  const set = (given) => ([range.value, number.value] = [given, given]);
  const limit = (name, given) => [range, number].forEach((field) => field.setAttribute(name, given));
  return { element: labelled(text, range, number), set, limit };
}

/**
 * A group of radio buttons, each with any content: arrow keys move, as the browser does it.
 *
 * @param items [{value, label, content}]: label is what a screen reader says, content what is drawn.
 */
export function radios(legend, items, chosen, change, kind = "pills") {
  const name = newId("radio");
  const one = ({ value, label, content }) => {
    const input = h("input", {
      type: "radio", name, value, checked: value === chosen, "aria-label": content ? label : false,
      onchange: () => change(value),
    });
    return h("label", { class: "pg-choice" }, input, h("span", { class: "pg-face" }, content ?? label));
  };
  return h("fieldset", { class: `pg-radios pg-${kind}` }, h("legend", {}, legend), h("div", {}, items.map(one)));
}

/** A line of text that a screen reader speaks when it changes, half a second after the last change. */
export function spoken() {
  const element = h("p", { class: "pg-says", role: "status", "aria-live": "polite" });
  let timer = 0;
  return {
    element,
    say(text) {
      clearTimeout(timer);
      if (!element.textContent) element.textContent = text;
      else timer = setTimeout(() => (element.textContent = text), 400);
    },
  };
}

/** A figure whose drawing has a text alternative, kept up to date by `describe`. */
export function figure(caption, drawing) {
  drawing.setAttribute("role", "img");
  const element = h("figure", { class: "pg-figure" }, drawing, h("figcaption", {}, caption));
  return { element, describe: (text) => drawing.setAttribute("aria-label", text) };
}

/** Whether the reader asked for less motion. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A number with narrow spaces, which do not break, between groups of three digits, and a true minus. */
export function digits(value) {
  return String(value).replace(/^-/, "−").replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** 2 to a power, as text. */
export function power(exponent) {
  return `2${String(exponent).replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit])}`;
}

/** A real number to so many significant digits, with a true minus; very small ones as powers of ten. */
export function short(value, precision = 3) {
  if (value === 0) return "0";
  const text = Number(value.toPrecision(precision)).toString().replace(/^-/, "−");
  const [head, exponent] = text.split("e");
  return exponent ? `${head} · 10${power(Number(exponent)).slice(1)}` : text;
}

/** The bytes of base64 text that zlib compressed. */
export async function inflated(base64) {
  const stream = new Blob([bytes(base64)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Array of bytes of base64 text. */
export function bytes(base64) {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
