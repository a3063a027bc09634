// The reader takes and refuses what harlib's reader takes and refuses.
import assert from "node:assert/strict";
import { test } from "node:test";

import { readModel } from "../../book/js/model.mjs";
import { cases } from "./cases.mjs";

const reads = (text) => {
  try {
    readModel(text);
    return true;
  } catch {
    return false;
  }
};

test(`${cases.mutants.length} changed files`, () => {
  const disagree = cases.mutants.filter((mutant) => reads(mutant.text) !== mutant.reads).map(({ name }) => name);
  assert.deepEqual(disagree, []);
  assert.ok(cases.mutants.some((mutant) => mutant.reads) && cases.mutants.some((mutant) => !mutant.reads));
});

const golden = cases.mutants[0].text;
for (const [from, to, message] of [
  ['"version": 1', '"version": 2', /version = 2: must be 1/],
  ['"groups": 1', '"groups": 1, "dilation": 2', /layers\[0\]\.dilation is no key of version 1/],
  ["[3, -7]", "[3, 4194304]", /layers\[0\]\.bias\[1\] = 4194304: must be a whole number in -4194304\.\.4194303/],
  ['"count": 8', '"count": 9', /layers\[1\]/],
]) {
  test(`a mistake is named: ${to}`, () => {
    assert.ok(golden.includes(from));
    assert.throws(() => readModel(golden.replace(from, to)), message);
  });
}

test("an accumulator beyond 24 bits is named with its channel", () => {
  const model = JSON.parse(golden);
  const [conv, pool, linear] = model.layers;
  model.input.shape = [1024, 5, 5];
  const weight = Array.from({ length: 1024 }, () => Array.from({ length: 5 }, () => [1, 1, 1, 1, 1]));
  Object.assign(conv, { in_channels: 1024, out_channels: 1, kernel: [5, 5], padding: [0, 0], weight: [weight] });
  Object.assign(conv, { bias: [0], multiplier: [1], shift: [16], real_multiplier: [2 ** -16] });
  Object.assign(pool, { count: 1, multiplier: 1024, shift: 10 });
  Object.assign(linear, { in_features: 1, weight: [[1], [-1]] });
  assert.doesNotThrow(() => readModel(JSON.stringify(model)));
  conv.bias = [2 ** 22 - 1];
  const highest = 1024 * 25 * (255 - conv.input_zero_point) + conv.bias[0];
  assert.throws(() => readModel(JSON.stringify(model)), { message: new RegExp(`channel 0 can reach .* ${highest};`) });
});
