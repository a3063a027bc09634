// How one value of a layer came to be: the taps under the kernel, the accumulator, and its requantization.

import { accumulatorBounds } from "./bounds.mjs";
import { digits, h, power, short } from "./dom.mjs";
import { inputChannel, requantize } from "./engine.mjs";

/** The taps and steps of the value that `state` names (steps, layer, channel, y, x), as an element. */
export function explainCell(model, state) {
  const step = state.steps[state.layer];
  const { taps, steps } = EXPLAIN[step.layer.op](model, state, step);
  return h("div", { class: "pg-steps" }, taps, h("ol", {}, steps.map(([what, value, note]) =>
    h("li", {}, h("div", {}, what, h("b", {}, value)), note && h("small", {}, note)))));
}

/** The taps of a convolution's value: {weight, centred, padding}, in the order of the file. */
export function convolutionTaps({ layer, input, inputShape: [, height, width] }, channel, y, x) {
  return layer.weight[channel].flatMap((rows, index) => rows.flatMap((row, ky) => row.map((weight, kx) => {
    const [iy, ix] = [y * layer.stride[0] + ky - layer.padding[0], x * layer.stride[1] + kx - layer.padding[1]];
    const padding = iy < 0 || ix < 0 || iy >= height || ix >= width;
    const place = (inputChannel(layer, channel, index) * height + iy) * width + ix;
    return { weight, padding, centred: padding ? 0 : input[place] - layer.input_zero_point };
  })));
}

const EXPLAIN = { conv2d: convolution, global_average_pool: pool, linear };

function convolution(model, { channel, y, x, layer: index, steps: all }, step) {
  const { layer, inputShape, shape } = step;
  const taps = convolutionTaps(step, channel, y, x);
  const [added, subtracted] = sums(taps);
  const accumulator = step.accumulators[(channel * shape[1] + y) * shape[2] + x];
  const { product, zero, half, t, shifted, code } = requantize(accumulator, layer, channel);
  const before = index ? all[index - 1].layer.clamp : [0, 255];
  const [low, high] = accumulatorBounds(layer, inputShape, before)[channel];
  const [a, b] = [layer.multiplier[channel], layer.shift[channel]];
  const z = layer.output_zero_point;
  const zeros = layer.weight[channel].flat(2).filter((weight) => weight === 0).length;
  return {
    taps: tapTable(taps, layer.kernel, `${taps.length} taps, ${zeros} of them with weight 0: code minus ` +
      `zero point (${layer.input_zero_point}), added where the weight is +1, subtracted where it is −1`),
    steps: [
      ["Add where the weight is +1", digits(added)],
      ["Subtract where it is −1", digits(added - subtracted), `subtracted: ${digits(subtracted)}`],
      [`Add the bias ${digits(layer.bias[channel])}: the accumulator`, digits(accumulator),
        `${digits(low)} to ${digits(high)} is all that any input can reach`],
      [`Times the multiplier ${digits(a)}`, digits(product)],
      [`Plus ${power(b - 1)}, one half${z ? `, and the zero point ${z} << ${b}` : ""}`, digits(t), `${digits(half)}${z ? ` and ${digits(zero)}` : ""}`],
      [`${t < 0n ? "Below 0, so 0; shifted" : "Shifted"} right by ${b}`, digits(shifted),
        `multiplier / ${power(b)} = ${short(a / 2 ** b, 5)} stands for ${short(layer.real_multiplier[channel], 5)}`],
      [`Kept within ${layer.clamp.join(" and ")}: the code`, digits(code),
        `it stands for ${short(layer.output_scale * (code - z))}`],
    ],
  };
}

function pool(model, { channel }, { layer, input, inputShape: [, height, width], accumulators, codes }) {
  const size = height * width;
  const sum = input.subarray(channel * size, (channel + 1) * size).reduce((total, code) => total + code, 0);
  return {
    taps: null,
    steps: [
      [`Sum of the ${digits(layer.count)} codes of map ${channel + 1}`, digits(sum)],
      [`Minus ${digits(layer.count)} zero points (${layer.input_zero_point})`, digits(accumulators[channel])],
      [`Times ${digits(layer.multiplier)}, plus ${power(layer.shift - 1)}, shifted right by ${layer.shift}: the rounded mean`,
        digits(codes[channel] - layer.input_zero_point)],
      [`Plus the zero point: the code`, digits(codes[channel])],
    ],
  };
}

function linear(model, { channel }, { layer, input, codes }) {
  const taps = layer.weight[channel].map((weight, index) => ({ weight, centred: input[index] - layer.input_zero_point }));
  const [added, subtracted] = sums(taps);
  return {
    taps: tapTable(taps, [1, 1], `${taps.length} means of the pool, added, left out or subtracted`),
    steps: [
      ["Add where the weight is +1", digits(added)],
      ["Subtract where it is −1", digits(added - subtracted), `subtracted: ${digits(subtracted)}`],
      [`Add the bias ${digits(layer.bias[channel])}: the logit of ${model.classes[channel]}`, digits(codes[channel]),
        `it stands for ${short(codes[channel] * layer.logit_scale)}`],
    ],
  };
}

function sums(taps) {
  return [1, -1].map((sign) => taps.reduce((sum, { weight, centred }) => sum + (weight === sign ? centred : 0), 0));
}

/** Taps as a small table: sign of the weight and centred code; many planes of one tap wrap like text. */
function tapTable(taps, [rows, columns], caption) {
  const cell = ({ weight, centred, padding }) => {
    const sign = ["−", "·", "+"][weight + 1];
    const kind = ["pg-minus", "pg-none", "pg-plus"][weight + 1];
    const text = padding ? "pad" : digits(centred);
    return h("td", { class: `${kind}${padding ? " pg-pad" : ""}` }, h("b", {}, sign), text);
  };
  const width = rows * columns === 1 ? 8 : columns;
  const lines = Array.from({ length: Math.ceil(taps.length / width) }, (_, at) => taps.slice(at * width, (at + 1) * width));
  // Row 0 is the lowest velocity: drawn at the bottom, as in the picture.
  if (rows > 1) lines.reverse();
  return h("div", { class: "pg-scroll", tabindex: 0, role: "region", "aria-label": "Taps" },
    h("table", { class: "pg-taps" }, h("caption", {}, caption),
      h("tbody", {}, lines.map((line) => h("tr", {}, line.map(cell))))));
}
