// Ternary weights: W ~ alpha W' with W' in {-1, 0, +1} (Li et al. 2016, arXiv 1605.04711); as harlib.ternary.

/**
 * Ternarize by the threshold rule: a weight is kept where |W| > t * E|W|.
 *
 * @param {ArrayLike<number>} weights of one layer.
 * @param {number} t the threshold factor, at least 0.
 * @returns {delta, alpha, codes, zeros, distance}: threshold, least-squares scale (the mean |W| of what is kept, 0 if
 *     nothing is), Int8Array, count, and ||W - alpha W'|| / ||W||.
 */
export function ternarize(weights, t) {
  const delta = (t * sum(weights, Math.abs)) / weights.length;
  return withDelta(weights, delta);
}

function withDelta(weights, delta) {
  const codes = Int8Array.from(weights, (w) => (Math.abs(w) > delta ? Math.sign(w) : 0));
  const kept = codes.reduce((count, code) => count + Math.abs(code), 0);
  const alpha = kept && sum(weights, (w, i) => w * codes[i]) / kept;
  const squares = sum(weights, (w) => w * w);
  const rest = sum(weights, (w, i) => (w - alpha * codes[i]) ** 2);
  return { delta, alpha, codes, zeros: weights.length - kept, distance: Math.sqrt(rest / squares) };
}

/** The support with the least distance, by sorting: the k largest |W| for the best k. As `ternarize`'s result. */
export function optimal(weights) {
  const sorted = Array.from(weights, Math.abs).sort((a, b) => b - a);
  let [total, best, least] = [0, -1, sorted.at(-1)];
  sorted.forEach((magnitude, index) => {
    total += magnitude;
    if (total ** 2 / (index + 1) > best) {
      best = total ** 2 / (index + 1);
      least = magnitude;
    }
  });
  const below = sorted.find((magnitude) => magnitude < least) ?? 0;
  return withDelta(weights, least > 0 ? (least + below) / 2 : 0);
}

/** How many weights fall into each of `bins` equal parts of [-limit, limit]; the last part holds its upper end. */
export function histogram(weights, limit, bins) {
  const counts = new Array(bins).fill(0);
  for (const w of weights) {
    counts[Math.min(bins - 1, Math.max(0, Math.floor(((w + limit) / (2 * limit)) * bins)))]++;
  }
  return counts;
}

function sum(values, term) {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += term(values[i], i);
  return total;
}
