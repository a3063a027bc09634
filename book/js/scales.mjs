// Affine quantizers and dyadic scales, as harlib.quantize and harlib.integer.requantize. Rounding is half up.

const SHIFTS = [1, 46];

/**
 * Quantize a real number to `bits` bits and back: code = clamp(floor(x / s + 1/2) + z, 0, 2^bits - 1).
 *
 * @returns {code, back, error, clamped}: back = s * (code - z), error = back - x.
 */
export function affine(x, scale, zeroPoint, bits) {
  const wanted = Math.floor(x / scale + 0.5) + zeroPoint;
  const code = Math.min(2 ** bits - 1, Math.max(0, wanted));
  const back = scale * (code - zeroPoint);
  return { code, back, error: back - x, clamped: code !== wanted };
}

/**
 * Bring a real factor to multiplier / 2^shift, the multiplier with exactly `bits` bits where the shift allows it.
 *
 * @param {number} real 0 <= real < 2^30.
 * @param {number} bits 2..31.
 * @returns {multiplier, shift}; see harlib.integer.requantize.dyadic for the values at the ends of the range.
 * @throws {RangeError} an argument is out of range.
 */
export function dyadic(real, bits) {
  if (!(Number.isInteger(bits) && bits >= 2 && bits <= 31)) throw new RangeError(`multiplier bits = ${bits}: 2..31`);
  if (!(Number.isFinite(real) && real >= 0)) throw new RangeError(`real multiplier = ${real}: finite, at least 0`);
  if (real === 0) return { multiplier: 0, shift: 1 };
  const exponent = exponentOf(real);
  const width = Math.min(bits, SHIFTS[1] + exponent);
  if (width < 0) return { multiplier: 0, shift: SHIFTS[1] };
  // mantissa * 2^width, rounded half up; both factors are exact, and so is their sum with a half (width <= 31).
  let multiplier = Math.floor(scaled(real, width - exponent) + 0.5);
  let shift = width - exponent;
  if (multiplier === 2 ** width && width > 0 && shift > SHIFTS[0]) [multiplier, shift] = [multiplier / 2, shift - 1];
  multiplier *= 2 ** Math.max(0, SHIFTS[0] - shift);
  shift = Math.max(SHIFTS[0], shift);
  if (multiplier >= 2 ** 31) throw new RangeError(`real multiplier = ${real}: must be below 2^30 to fit 31 bits`);
  return { multiplier, shift };
}

/** The exponent e with real = m * 2^e, 1/2 <= m < 1, of any positive number. */
function exponentOf(real) {
  let exponent = 0;
  while (real >= 1) [real, exponent] = [real / 2, exponent + 1];
  while (real < 0.5) [real, exponent] = [real * 2, exponent - 1];
  return exponent;
}

/** real * 2^power; in halves, since 2^power alone may be infinite. */
function scaled(real, power) {
  const half = Math.trunc(power / 2);
  return real * 2 ** half * 2 ** (power - half);
}
