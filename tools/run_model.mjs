// The book's JavaScript engine as a program: node run_model.mjs MODEL.json, inputs as bytes on stdin, logits as
// little-endian int32 on stdout.
import { readFileSync, writeSync } from "node:fs";

import { run } from "../book/js/engine.mjs";
import { readModel } from "../book/js/model.mjs";

const model = readModel(readFileSync(process.argv[2], "utf8"));
const size = model.input.shape.reduce((a, b) => a * b);
const bytes = readFileSync(0);
const count = bytes.length / size;
const logits = Buffer.alloc(4 * count * model.classes.length);
for (let sample = 0; sample < count; sample++) {
  const codes = new Uint8Array(bytes.subarray(sample * size, (sample + 1) * size));
  run(model, codes).forEach((value, index) => logits.writeInt32LE(value, 4 * (sample * model.classes.length + index)));
}
for (let done = 0; done < logits.length; ) done += writeSync(1, logits, done);
