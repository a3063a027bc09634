// The exact bounds of a layer's accumulators over every input, and the rule that they stay within signed 24 bits.

import { outputSize } from "./engine.mjs";

const RANGE = [-(2 ** 23), 2 ** 23 - 1];

/**
 * Refuse a layer whose accumulators can leave signed 24 bits.
 *
 * @param layer whose shapes are known to fit.
 * @param {string} place what the message names.
 * @param {number[]} shape channels, height, width of what flows in.
 * @param {number[]} codes lowest and highest code that flows in.
 */
export function requireAccumulators(layer, place, shape, codes) {
  accumulatorBounds(layer, shape, codes).forEach((bounds, channel) => {
    for (const bound of bounds) {
      if (bound < RANGE[0] || bound > RANGE[1]) {
        const where = `${place} (${layer.name}): channel ${channel}`;
        throw new Error(`${where} can reach the accumulator ${bound}; allowed are signed 24 bits, ${RANGE.join("..")}`);
      }
    }
  });
}

/** Lowest and highest accumulator of every output channel, bias included; each is reached by some input. */
export function accumulatorBounds(layer, shape, codes) {
  const [least, most] = codes.map((code) => code - layer.input_zero_point);
  if (layer.op === "global_average_pool") return new Array(shape[0]).fill([layer.count * least, layer.count * most]);
  if (layer.op === "linear") return layer.weight.map((row, out) => shifted(extremes(row, least, most), layer.bias[out]));
  const windows = seen(layer, shape);
  return layer.weight.map((kernels, out) => {
    const found = windows.map(([top, bottom, left, right]) => {
      const taps = kernels.flatMap((rows) => rows.slice(top, bottom).flatMap((row) => row.slice(left, right)));
      return extremes(taps, least, most);
    });
    const whole = [Math.min(...found.map(([low]) => low)), Math.max(...found.map(([, high]) => high))];
    return shifted(whole, layer.bias[out]);
  });
}

function extremes(weights, least, most) {
  let [low, high] = [0, 0];
  for (const weight of weights) {
    low += Math.min(weight * least, weight * most);
    high += Math.max(weight * least, weight * most);
  }
  return [low, high];
}

const shifted = (bounds, bias) => bounds.map((bound) => bound + bias);

/** The different parts of the kernel that lie on the map (the rest on padding) over all places: few, of many places. */
function seen(layer, shape) {
  const spans = outputSize(layer, shape).map((places, axis) => {
    const found = new Map();
    for (let place = 0; place < places; place++) {
      const first = place * layer.stride[axis] - layer.padding[axis];
      const span = [Math.max(0, -first), Math.min(layer.kernel[axis], shape[axis + 1] - first)];
      found.set(span.join(), span);
    }
    return [...found.values()];
  });
  return spans[0].flatMap((rows) => spans[1].map((columns) => [...rows, ...columns]));
}
