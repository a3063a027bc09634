// Widget: move the threshold t over a trained layer's weights; histogram, levels, zeros, alpha and distance follow.

import { bytes, digits, figure, h, labelled, s, select, short, slider, spoken } from "./dom.mjs";
import { chart, diverging, paint, points } from "./draw.mjs";
import { histogram, optimal, ternarize } from "./ternary.mjs";

const STAGES = { fp32: "trained as floats", qat: "trained to be ternary" };
const BINS = 48;
const RANGE = { min: 0, max: 2.5, step: 0.01 };
const CURVE = Array.from({ length: 101 }, (_, index) => (index * RANGE.max) / 100);

/** @param data gives the page's block "weights". */
export function mountThreshold(place, data) {
  const { stages, threshold } = data("weights");
  const state = { stage: "fp32", layer: 0, t: threshold };
  const result = spoken();
  const facts = h("dl", { class: "pg-facts" });
  const drawings = h("div", { class: "pg-charts" });
  const layers = () => stages[state.stage];
  let held;

  /** Take the chosen layer's weights: what does not depend on t is computed once. */
  function take() {
    const { name, shape, values } = layers()[state.layer];
    const weights = new Float32Array(bytes(values).buffer);
    const limit = Math.max(...weights.map(Math.abs));
    const curve = CURVE.map((t) => ternarize(weights, t));
    held = { name, shape, weights, limit, curve, best: optimal(weights), counts: histogram(weights, limit, BINS) };
    draw();
  }

  function draw() {
    const found = ternarize(held.weights, state.t);
    const { delta, alpha, codes, zeros, distance } = found;
    const plus = codes.filter((code) => code > 0).length;
    const minus = codes.length - zeros - plus;
    const percent = (100 * zeros) / codes.length;
    facts.replaceChildren(...[
      ["threshold Δ", short(delta)],
      ["scale α", short(alpha)],
      ["−1 / 0 / +1", `${digits(minus)} / ${digits(zeros)} / ${digits(plus)}`],
      ["zeros", `${percent.toFixed(1)} %`],
      ["distance", `${(100 * distance).toFixed(1)} %`],
      ["least distance of any support", `${(100 * held.best.distance).toFixed(1)} %`],
    ].map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));
    const words = `t = ${state.t}: ${digits(zeros)} of ${digits(codes.length)} weights of ${held.name} are zero ` +
      `(${percent.toFixed(1)} %), alpha is ${short(alpha)}, the distance ${(100 * distance).toFixed(1)} % of the weights' size.`;
    result.say(words);
    place.dataset.zeros = zeros;
    const parts = [
      [bars(found), "Weights of the layer: where they lie, what they become", words],
      [curves(), "Distance and share of zeros over t", `Distance and zeros over t from 0 to ${RANGE.max}. ${words}`],
      [matrices(found), "The same weights: first as floats, then ternary times α; one row an output channel",
        `Float weights and their ternary versions, ${held.shape.join(" by ")}.`],
    ];
    drawings.replaceChildren(...parts.map(([drawing, caption, description]) => {
      const { element, describe } = figure(caption, drawing);
      describe(description);
      return element;
    }));
  }

  function bars({ delta, alpha }) {
    const top = Math.max(...held.counts);
    const edge = held.limit;
    const { svg, layer, x, y } = chart({
      x: { range: [-edge, edge], ticks: [-edge, -edge / 2, 0, edge / 2, edge], title: "weight", text: (tick) => short(tick, 2) },
      y: { range: [0, top * 1.12], ticks: [0, Math.round(top / 2), top], title: "weights" },
    });
    const width = (2 * edge) / BINS;
    held.counts.forEach((count, index) => {
      const middle = -edge + (index + 0.5) * width;
      const kind = Math.abs(middle) <= delta ? "pg-fill-zero" : middle < 0 ? "pg-fill-minus" : "pg-fill-plus";
      layer.append(s("rect", {
        class: kind, x: x(middle - width / 2) + 0.5, y: y(count), width: x(width) - x(0) - 1, height: y(0) - y(count),
      }));
    });
    for (const [sign, mark] of [[-1, "−"], [1, "+"]]) {
      if (delta <= edge) layer.append(s("line", { class: "pg-delta", x1: x(sign * delta), x2: x(sign * delta), y1: y(0), y2: y(top) }));
      layer.append(
        s("line", { class: "pg-alpha", x1: x(sign * alpha), x2: x(sign * alpha), y1: y(0), y2: y(top) }),
        s("text", { x: x(sign * alpha), y: y(top) - 4, "text-anchor": "middle" }, `${mark}α`));
    }
    return svg;
  }

  function curves() {
    const { svg, layer, x, y } = chart({
      x: { range: [0, RANGE.max], ticks: [0, 0.5, 1, 1.5, 2, 2.5], title: "threshold factor t" },
      y: { range: [0, 100], ticks: [0, 25, 50, 75, 100], title: "%" },
    });
    const line = (kind, value) => s("polyline", {
      class: kind, points: points(held.curve.map((one, index) => [x(CURVE[index]), y(100 * value(one))])),
    });
    const zeros = ({ zeros: count }) => count / held.weights.length;
    layer.append(
      line("pg-line-zeros", zeros), line("pg-line-distance", ({ distance }) => distance),
      s("line", { class: "pg-now", x1: x(state.t), x2: x(state.t), y1: y(0), y2: y(100) }),
      s("text", { x: x(2.45), y: y(100 * zeros(held.curve.at(-1))) + 56, "text-anchor": "end" }, "zeros (dashed)"),
      s("text", { x: x(0.05), y: y(100 * held.curve[0].distance) - 8 }, "distance (solid)"));
    return svg;
  }

  function matrices({ alpha, codes }) {
    const rows = held.shape[0];
    const shape = [rows, held.weights.length / rows];
    const colour = (value) => diverging(value / held.limit);
    return h("div", { class: "pg-matrices" },
      paint(h("canvas"), held.weights, shape, colour),
      paint(h("canvas"), Array.from(codes, (code) => alpha * code), shape, colour));
  }

  const layerField = h("div");
  const listLayers = () => layerField.replaceChildren(labelled("Layer", select(
    layers().map(({ name, shape }, index) => [index, `${name}, ${digits(shape.reduce((a, b) => a * b))} weights`]),
    state.layer,
    (index) => {
      state.layer = Number(index);
      take();
    })));
  const stageField = labelled("Weights", select(
    Object.keys(stages).map((stage) => [stage, STAGES[stage] ?? stage]), state.stage,
    (stage) => {
      state.stage = stage;
      listLayers();
      take();
    }));
  const t = slider("Threshold factor t", { ...RANGE, value: state.t }, (value) => {
    state.t = value;
    draw();
  });
  const back = h("button", { type: "button", class: "pg-button", onclick: () => {
    state.t = threshold;
    t.set(threshold);
    draw();
  } }, `Back to ${threshold}`);
  listLayers();
  place.replaceChildren(h("div", { class: "pg-toolbar" }, stageField, layerField, t.element, back), result.element, facts, drawings);
  take();
}
