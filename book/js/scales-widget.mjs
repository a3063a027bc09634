// Widget: an affine quantizer and a dyadic scale, with the errors that they make.

import { digits, figure, h, labelled, power, s, select, short, slider, spoken } from "./dom.mjs";
import { chart, points } from "./draw.mjs";
import { affine, dyadic } from "./scales.mjs";

const SPAN = 4; // the affine chart shows -SPAN..SPAN
const BITS = Array.from({ length: 30 }, (_, index) => index + 2);

/** @param data gives the page's block "model", whose channels offer real multipliers. */
export function mountScales(place, data) {
  place.replaceChildren(h("h3", {}, "Real number to code"), affinePart(place), h("h3", {}, "Real factor to shift"),
    dyadicPart(place, data("model")));
}

function affinePart(place) {
  const state = { scale: 0.25, bits: 4, zero: 8, x: 1.3 };
  const result = spoken();
  const drawing = h("div");
  const fields = {};
  function draw() {
    const { scale, bits, zero, x } = state;
    const { code, back, error, clamped } = affine(x, scale, zero, bits);
    const top = 2 ** bits - 1;
    const [low, high] = [scale * -zero, scale * (top - zero)];
    const words = `x = ${short(x)} becomes code ${code} of 0 to ${top}, which stands for ${short(back)}: an error of ${short(error)}. ` +
      (clamped ? `It is clamped: the codes reach from ${short(low)} to ${short(high)}.` :
        `Between ${short(low)} and ${short(high)} the error is at most half a step, ${short(scale / 2)}.`);
    result.say(words);
    place.dataset.code = code;
    const { svg, layer, x: toX, y: toY } = chart({
      x: { range: [-SPAN, SPAN], ticks: [-4, -2, 0, 2, 4], title: "real number x" },
      y: { range: [-SPAN, SPAN], ticks: [-4, -2, 0, 2, 4], title: "what its code stands for" },
    });
    const inside = (value) => Math.min(SPAN, Math.max(-SPAN, value));
    const stairs = Array.from({ length: 801 }, (_, index) => -SPAN + (index * SPAN) / 400)
      .map((value) => [toX(value), toY(inside(affine(value, scale, zero, bits).back))]);
    layer.append(
      s("line", { class: "pg-ideal", x1: toX(-SPAN), y1: toY(-SPAN), x2: toX(SPAN), y2: toY(SPAN) }),
      s("polyline", { class: "pg-line-distance", points: points(stairs) }),
      s("line", { class: "pg-now", x1: toX(x), x2: toX(x), y1: toY(-SPAN), y2: toY(SPAN) }),
      s("circle", { class: "pg-dot", cx: toX(x), cy: toY(inside(back)), r: 5 }));
    const { element, describe } = figure("The staircase of codes; dashed, what no rounding would give", svg);
    describe(words);
    drawing.replaceChildren(element);
  }
  const field = (name, text, limits) => {
    fields[name] = slider(text, { ...limits, value: state[name] }, (value) => {
      state[name] = value;
      const top = 2 ** state.bits - 1;
      fields.zero.limit("max", top);
      if (state.zero > top) fields.zero.set((state.zero = top));
      draw();
    });
    return fields[name].element;
  };
  const toolbar = h("div", { class: "pg-toolbar" },
    field("x", "Real number x", { min: -SPAN, max: SPAN, step: 0.01 }),
    field("scale", "Scale s (step)", { min: 0.01, max: 1, step: 0.01 }),
    field("bits", "Bits", { min: 1, max: 8, step: 1 }),
    field("zero", "Zero point z", { min: 0, max: 2 ** state.bits - 1, step: 1 }));
  draw();
  return h("div", { class: "pg-part" }, toolbar, result.element, drawing);
}

function dyadicPart(place, model) {
  const channels = model.layers.flatMap(({ name, real_multiplier: reals }) =>
    (reals ?? []).map((real, channel) => ({ real, text: `${name}, channel ${channel + 1}: ${short(real, 4)}` })));
  const state = { real: channels[0].real, bits: 8, accumulator: 100 };
  const result = spoken();
  const facts = h("dl", { class: "pg-facts" });
  const drawing = h("div");
  const relative = (bits) => {
    const { multiplier, shift } = dyadic(state.real, bits);
    return Math.abs(multiplier / 2 ** shift / state.real - 1);
  };
  function draw() {
    const { real, bits, accumulator } = state;
    const { multiplier, shift } = dyadic(real, bits);
    const exact = accumulator * real;
    const integer = (BigInt(accumulator) * BigInt(multiplier) + (1n << BigInt(shift - 1))) >> BigInt(shift);
    facts.replaceChildren(...[
      ["multiplier / 2ˢʰⁱᶠᵗ", `${digits(multiplier)} / ${power(shift)}`],
      ["which is", short(multiplier / 2 ** shift, 10)],
      ["relative error", short(relative(bits))],
      [`bound ${power(-bits)}`, short(2 ** -bits)],
      ["accumulator × real factor", short(exact, 7)],
      [`(accumulator × ${digits(multiplier)} + ${power(shift - 1)}) >> ${shift}`, digits(integer)],
    ].map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));
    const words = `With ${bits} bits ${short(real, 6)} becomes ${digits(multiplier)} over 2 to the power ${shift}, a relative error of ` +
      `${short(relative(bits))}. An accumulator of ${digits(accumulator)} becomes ${digits(integer)}; exactly it is ${short(exact, 7)}.`;
    result.say(words);
    Object.assign(place.dataset, { multiplier, shift });
    const floor = 2 ** -36;
    const { svg, layer, x, y } = chart({
      x: { range: [1, 32], ticks: [2, 8, 16, 24, 31], title: "bits of the multiplier" },
      y: { range: [-36, 0], ticks: [-32, -24, -16, -8, 0], title: "relative error", text: power },
    });
    layer.append(
      s("polyline", { class: "pg-ideal", points: points(BITS.map((k) => [x(k), y(-k)])) }),
      s("text", { x: x(20), y: y(-20) - 10 }, "bound"),
      BITS.map((k) => s("circle", {
        class: k === bits ? "pg-dot" : "pg-point", cx: x(k), cy: y(Math.log2(Math.max(floor, relative(k)))), r: k === bits ? 6 : 3.5,
      })).reduce((group, dot) => (group.append(dot), group), s("g")));
    const { element, describe } = figure("Relative error by the bits of the multiplier; dashed, the bound", svg);
    describe(words);
    drawing.replaceChildren(element);
  }
  const real = h("input", { type: "number", min: 0.000001, max: 1000, step: "any", value: state.real, oninput: ({ target }) => {
    if (target.value === "" || !target.checkValidity()) return;
    state.real = Number(target.value);
    draw();
  } });
  const taken = select(channels.map(({ text }, index) => [index, text]), 0, (index) => {
    state.real = channels[index].real;
    real.value = state.real;
    draw();
  });
  const change = (name) => (value) => {
    state[name] = value;
    draw();
  };
  const toolbar = h("div", { class: "pg-toolbar" },
    labelled("Real factor of a channel of the model", taken), labelled("Or any factor", real),
    slider("Bits of the multiplier", { min: 2, max: 31, step: 1, value: state.bits }, change("bits")).element,
    slider("Accumulator", { min: -2000, max: 2000, step: 1, value: state.accumulator }, change("accumulator")).element);
  draw();
  return h("div", { class: "pg-part" }, toolbar, result.element, facts, drawing);
}
