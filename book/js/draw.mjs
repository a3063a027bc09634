// Drawings: maps of codes as pixels, and small SVG charts whose colours come from the page's style sheet.

import { h, s } from "./dom.mjs";

// Matplotlib's viridis at 17 places: lightness rises all the way, so that it reads without colour vision.
const VIRIDIS = ("440154 481567 482677 453781 404788 39568c 33638d 2d708e 287d8e 238a8d 1f968b 20a387 29af7f 3cbb75 " +
  "55c667 95d840 fde725").split(" ").map(rgb);
const NEGATIVE = rgb("b35806");
const POSITIVE = rgb("1f6fb4");
const ZERO = rgb("f2f2f2");

function rgb(hex) {
  return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function mix(from, to, share) {
  return from.map((part, index) => Math.round(part + (to[index] - part) * share));
}

/** Colour of 0..1 on viridis. */
export function viridis(share) {
  const place = Math.min(1, Math.max(0, share)) * (VIRIDIS.length - 1);
  const index = Math.min(VIRIDIS.length - 2, Math.floor(place));
  return mix(VIRIDIS[index], VIRIDIS[index + 1], place - index);
}

/** Colour of -1..1: orange below 0, grey at 0, blue above. */
export function diverging(share) {
  const size = Math.min(1, Math.abs(share));
  return mix(ZERO, share < 0 ? NEGATIVE : POSITIVE, size);
}

/**
 * Draw an array as pixels, one a value; the style sheet scales them up.
 *
 * @param values rows x columns numbers from `offset` on.
 * @param colour value to [r, g, b].
 * @param {boolean} bottomUp row 0 at the bottom, as the book's spectrograms have it.
 */
export function paint(canvas, values, [rows, columns], colour, { offset = 0, bottomUp = false } = {}) {
  [canvas.width, canvas.height] = [columns, rows];
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = 4 * ((bottomUp ? rows - 1 - row : row) * columns + column);
      image.data.set(colour(values[offset + row * columns + column]), at);
      image.data[at + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** A canvas with a spectrogram's or feature map's codes, 0..`top`. */
export function codeMap(codes, shape, { offset = 0, top = 255, ...attributes } = {}) {
  return paint(h("canvas", attributes), codes, shape, (code) => viridis(code / top), { offset, bottomUp: true });
}

/** A map from data to a pixel of a chart. */
export function scale([from, to], [first, last]) {
  return (value) => first + ((value - from) / (to - from)) * (last - first);
}

/**
 * An empty chart with ticks and axis titles.
 *
 * @param x, y {range, ticks, title, text}: text(tick) gives a tick's label.
 * @returns {svg, layer, x, y}: layer is the group to draw in; x and y map data to pixels.
 */
export function chart({ x, y, width = 420, height = 240, left = 52 }) {
  const [right, top, bottom] = [24, 10, 42];
  const toX = scale(x.range, [left, width - right]);
  const toY = scale(y.range, [height - bottom, top]);
  const label = (axis, tick) => (axis.text ? axis.text(tick) : String(tick).replace("-", "−"));
  const layer = s("g");
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, class: "pg-chart" },
    y.ticks.map((tick) => [
      s("line", { class: "pg-grid", x1: left, x2: width - right, y1: toY(tick), y2: toY(tick) }),
      s("text", { x: left - 6, y: toY(tick) + 4, "text-anchor": "end" }, label(y, tick)),
    ]),
    x.ticks.map((tick) => s("text", { x: toX(tick), y: height - bottom + 17, "text-anchor": "middle" }, label(x, tick))),
    s("line", { class: "pg-axis", x1: left, x2: width - right, y1: height - bottom, y2: height - bottom }),
    s("text", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, x.title),
    s("text", { transform: `translate(13 ${(top + height - bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, y.title),
    layer);
  return { svg, layer, x: toX, y: toY };
}

/** Points of a polyline. */
export const points = (pairs) => pairs.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
