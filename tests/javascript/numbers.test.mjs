// Ternarization, affine quantizers and dyadic scales against harlib's.
import assert from "node:assert/strict";
import { test } from "node:test";

import { affine, dyadic } from "../../book/js/scales.mjs";
import { histogram, optimal, ternarize } from "../../book/js/ternary.mjs";
import { cases } from "./cases.mjs";

const near = (found, expected) => assert.ok(Math.abs(found - expected) <= 1e-12 * Math.abs(expected), `${found}`);

for (const { name, weights, expected } of cases.ternary) {
  test(`ternary ${name}`, () => {
    for (const [rule, held] of Object.entries(expected)) {
      const found = rule === "optimal" ? optimal(weights) : ternarize(weights, Number(rule));
      assert.deepEqual([...found.codes], held.codes, rule);
      near(found.alpha, held.alpha);
      near(found.distance, held.distance);
      assert.equal(found.zeros, held.codes.filter((code) => code === 0).length);
    }
  });
}

test("a layer by hand", () => {
  const { delta, alpha, codes, zeros } = ternarize([0.9, -0.1, 0.4, -0.7, 0.0], 0.7);
  near(delta, 0.294);
  near(alpha, 2 / 3);
  assert.deepEqual([[...codes], zeros], [[1, 0, 1, -1, 0], 2]);
});

test("an empty support has alpha 0 and loses everything", () => {
  const { alpha, distance, zeros } = ternarize([0.5, -0.5], 3);
  assert.deepEqual([alpha, distance, zeros], [0, 1, 2]);
});

test("the histogram counts every weight once", () => {
  assert.deepEqual(histogram([-1, -0.9, 0, 0.4, 1, 7], 1, 4), [2, 0, 2, 2]);
});

test("dyadic scales are harlib's", () => {
  for (const { real, bits, expected } of cases.dyadic) {
    if (expected === null) assert.throws(() => dyadic(real, bits), RangeError);
    else assert.deepEqual(Object.values(dyadic(real, bits)), expected, `${real} in ${bits} bits`);
  }
  assert.ok(cases.dyadic.some(({ expected }) => expected === null));
  assert.throws(() => dyadic(0.5, 1), RangeError);
  assert.throws(() => dyadic(-1, 8), RangeError);
});

test("an affine quantizer rounds half up and clamps", () => {
  assert.deepEqual(affine(0.25, 0.5, 0, 8), { code: 1, back: 0.5, error: 0.25, clamped: false });
  assert.deepEqual(affine(-0.25, 0.5, 10, 8), { code: 10, back: 0, error: 0.25, clamped: false });
  assert.deepEqual(affine(99, 0.5, 1, 2), { code: 3, back: 1, error: -98, clamped: true });
});
