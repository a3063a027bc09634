// The engine against the NumPy oracle: published vectors, random inputs, models of every shape.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { accumulatorBounds } from "../../book/js/bounds.mjs";
import { argmax, requantize, run, trace } from "../../book/js/engine.mjs";
import { readModel } from "../../book/js/model.mjs";
import { cases } from "./cases.mjs";

for (const held of cases.engine) {
  test(held.name, () => {
    const model = readModel(held.model);
    const bytes = Buffer.from(held.inputs, "base64");
    const size = bytes.length / held.count;
    const hashes = model.layers.map(() => createHash("sha256"));
    for (let sample = 0; sample < held.count; sample++) {
      const steps = trace(model, new Uint8Array(bytes.subarray(sample * size, (sample + 1) * size)));
      assert.deepEqual([...steps.at(-1).codes], held.logits[sample]);
      steps.forEach(({ codes }, index) => hashes[index].update(Buffer.from(codes.buffer)));
    }
    const digests = Object.fromEntries(model.layers.map(({ name }, index) => [name, hashes[index].digest("hex")]));
    assert.deepEqual(digests, held.digests);
  });

  test(`bounds of ${held.name}`, () => {
    const model = readModel(held.model);
    let [shape, codes] = [model.input.shape, [0, 255]];
    const steps = trace(model, new Uint8Array(shape.reduce((a, b) => a * b)));
    model.layers.forEach((layer, index) => {
      assert.deepEqual(accumulatorBounds(layer, shape, codes), held.bounds[index], layer.name);
      shape = steps[index].shape;
      codes = layer.clamp ?? codes;
    });
  });
}

test("a product past 2^53 is exact where doubles would be one code too high", () => {
  const accumulator = 6392719;
  const [multiplier, shift] = [1557580945, 46];
  assert.equal(Math.floor((accumulator * multiplier + 2 ** 45) / 2 ** 46), 142); // what doubles make of it
  const cells = 1024 * 9;
  const layer = {
    op: "conv2d", out_channels: 1, in_channels: 1024, groups: 1, kernel: [3, 3], stride: [1, 1], padding: [0, 0],
    weight: [Array.from({ length: 1024 }, () => Array.from({ length: 3 }, () => [1, 1, 1]))], bias: [2 ** 22 - 1],
    input_zero_point: 0, multiplier: [multiplier], shift: [shift], output_zero_point: 0, clamp: [0, 255],
  };
  const codes = new Uint8Array(cells);
  const rest = accumulator - layer.bias[0];
  codes.fill(255, 0, Math.floor(rest / 255));
  codes[cells - 1] = rest % 255;
  const [step] = trace({ input: { shape: [1024, 3, 3] }, layers: [layer] }, codes);
  assert.equal(step.accumulators[0], accumulator);
  assert.equal(step.codes[0], 141);
});

test("requantization by hand", () => {
  const layer = { multiplier: [3], shift: [2], output_zero_point: 5, clamp: [5, 200] };
  const found = requantize(-7, layer, 0);
  assert.deepEqual(found, { product: -21n, zero: 20n, half: 2n, t: 1n, shifted: 0n, code: 5 });
  assert.equal(requantize(23, layer, 0).code, 22);
  assert.equal(requantize(1e6, layer, 0).code, 200);
});

test("equal logits name the first class", () => assert.equal(argmax(Int32Array.of(-3, 8, 8)), 1));

test("another input is refused", () => {
  const model = readModel(cases.engine[0].model);
  assert.throws(() => run(model, new Uint8Array(5)), /must be a Uint8Array of 4096 codes/);
  assert.throws(() => run(model, new Float32Array(4096)), RangeError);
});
