// The integer engine: codes in, logits out, as book/integer-format.md defines them. Bit for bit the NumPy oracle's.
//
// A JavaScript number holds integers exactly up to 2^53. Accumulators (24 bits) always fit. A product with a 31-bit
// multiplier may not: each channel's bound is checked, and a channel beyond 2^53 is computed with BigInt.

/**
 * Compute every layer's output.
 *
 * @param model from `readModel`.
 * @param {Uint8Array} codes the input, channels x height x width values.
 * @returns one entry a layer: {layer, input, inputShape, shape, accumulators, codes}. `codes` is a Uint8Array, or the
 *     logits as an Int32Array for the linear layer; `accumulators` an Int32Array of the same length.
 * @throws {RangeError} codes is no Uint8Array or has another length.
 */
export function trace(model, codes) {
  const size = model.input.shape.reduce((a, b) => a * b);
  if (!(codes instanceof Uint8Array) || codes.length !== size) {
    throw new RangeError(`input: must be a Uint8Array of ${size} codes (${model.input.shape.join(" x ")})`);
  }
  const steps = [];
  let input = codes;
  let inputShape = model.input.shape;
  for (const layer of model.layers) {
    const step = { layer, input, inputShape, ...STEPS[layer.op](layer, input, inputShape) };
    steps.push(step);
    input = step.codes;
    inputShape = step.shape;
  }
  return steps;
}

/** The logits, an Int32Array with one entry a class. */
export function run(model, codes) {
  return trace(model, codes).at(-1).codes;
}

/** Index of the highest logit; of equal ones, the lowest index. */
export function argmax(logits) {
  return logits.reduce((best, value, index) => (value > logits[best] ? index : best), 0);
}

const STEPS = { conv2d, global_average_pool: globalAveragePool, linear };

/** Height and width of a convolution's output map. */
export function outputSize(layer, [, height, width]) {
  return [height, width].map((side, axis) => {
    const room = side + 2 * layer.padding[axis] - layer.kernel[axis];
    return Math.floor(room / layer.stride[axis]) + 1;
  });
}

function conv2d(layer, input, inputShape) {
  const [height, width] = outputSize(layer, inputShape);
  const accumulators = accumulate(layer, input, inputShape, [height, width]);
  const codes = new Uint8Array(accumulators.length);
  for (let channel = 0; channel < layer.out_channels; channel++) {
    const toCode = requantizer(layer, channel);
    const end = (channel + 1) * height * width;
    for (let i = channel * height * width; i < end; i++) codes[i] = toCode(accumulators[i]);
  }
  return { shape: [layer.out_channels, height, width], accumulators, codes };
}

/** bias + sum of w * (x - zero point): one addition or subtraction of a shifted map for each weight that is not 0. */
function accumulate(layer, input, [, inHeight, inWidth], [height, width]) {
  const accumulators = new Int32Array(layer.out_channels * height * width);
  const [strideY, strideX] = layer.stride;
  layer.weight.forEach((kernels, channel) => {
    const start = channel * height * width;
    accumulators.fill(layer.bias[channel], start, start + height * width);
    kernels.forEach((rows, index) => {
      const source = inputChannel(layer, channel, index) * inHeight * inWidth;
      rows.forEach((row, ky) => {
        const [fromY, toY] = inside(height, strideY, ky - layer.padding[0], inHeight);
        row.forEach((weight, kx) => {
          if (weight === 0) return;
          const [fromX, toX] = inside(width, strideX, kx - layer.padding[1], inWidth);
          for (let y = fromY; y < toY; y++) {
            const line = source + (y * strideY + ky - layer.padding[0]) * inWidth + kx - layer.padding[1];
            for (let x = fromX; x < toX; x++) {
              const centred = input[line + x * strideX] - layer.input_zero_point;
              accumulators[start + y * width + x] += weight > 0 ? centred : -centred;
            }
          }
        });
      });
    });
  });
  return accumulators;
}

/** Which input channel a kernel's `index`-th plane of output channel `channel` reads. */
export function inputChannel(layer, channel, index) {
  const outPerGroup = layer.out_channels / layer.groups;
  return Math.floor(channel / outPerGroup) * (layer.in_channels / layer.groups) + index;
}

/** Output places [from, to) whose tap at `offset` lies inside the input: padding is the zero point and adds 0. */
function inside(places, stride, offset, limit) {
  const from = Math.max(0, Math.ceil(-offset / stride));
  const to = Math.min(places, Math.floor((limit - 1 - offset) / stride) + 1);
  return [from, Math.max(from, to)];
}

/** The function that brings an accumulator of this channel to its code. */
function requantizer(layer, channel) {
  const [low, high] = layer.clamp;
  const { multiplier, shift } = layer;
  const taps = layer.weight[channel].flat(2).filter((weight) => weight !== 0).length;
  const reach = Math.abs(layer.bias[channel]) + 255 * taps; // more than any accumulator of the channel
  const step = 2 ** shift[channel];
  const constant = layer.output_zero_point * step + step / 2;
  if (reach * multiplier[channel] + constant <= Number.MAX_SAFE_INTEGER) {
    const a = multiplier[channel];
    return (accumulator) => {
      const t = accumulator * a + constant;
      return Math.min(high, Math.max(low, Math.floor(Math.max(0, t) / step)));
    };
  }
  return (accumulator) => requantize(accumulator, layer, channel).code;
}

/**
 * Requantize one accumulator step by step, in integers of any width (BigInt).
 *
 * @returns {product, zero, half, t, shifted, code}: accumulator * multiplier, zero point << shift, 2^(shift - 1), their
 *     sum, max(0, t) >> shift, and that clamped (a number).
 */
export function requantize(accumulator, layer, channel) {
  const shift = BigInt(layer.shift[channel]);
  const product = BigInt(accumulator) * BigInt(layer.multiplier[channel]);
  const zero = BigInt(layer.output_zero_point) << shift;
  const half = 1n << (shift - 1n);
  const t = product + zero + half;
  const shifted = (t > 0n ? t : 0n) >> shift;
  const [low, high] = layer.clamp.map(BigInt);
  const code = Number(shifted < low ? low : shifted > high ? high : shifted);
  return { product, zero, half, t, shifted, code };
}

function globalAveragePool(layer, input, [channels, height, width]) {
  const accumulators = new Int32Array(channels);
  const codes = new Uint8Array(channels);
  const half = 1n << BigInt(layer.shift - 1);
  for (let channel = 0; channel < channels; channel++) {
    let sum = -layer.count * layer.input_zero_point;
    for (let i = channel * height * width; i < (channel + 1) * height * width; i++) sum += input[i];
    accumulators[channel] = sum;
    const mean = (BigInt(sum) * BigInt(layer.multiplier) + half) >> BigInt(layer.shift); // >> rounds down
    codes[channel] = layer.input_zero_point + Number(mean);
  }
  return { shape: [channels, 1, 1], accumulators, codes };
}

function linear(layer, input) {
  const accumulators = new Int32Array(layer.out_features);
  layer.weight.forEach((row, out) => {
    const sum = row.reduce((total, weight, index) => total + weight * (input[index] - layer.input_zero_point), 0);
    accumulators[out] = layer.bias[out] + sum;
  });
  return { shape: [layer.out_features, 1, 1], accumulators, codes: accumulators };
}
