// The model file, version 1: read and checked as book/integer-format.md says. What `readModel` gives is valid.
//
// One difference from Python's reader: JavaScript has one kind of number, so 3.0 passes for the integer 3.

import { requireAccumulators } from "./bounds.mjs";
import { outputSize } from "./engine.mjs";

const FILE_LIMIT = 8 * 2 ** 20; // characters
const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,39}$/;

/**
 * Make a model of a file's text.
 *
 * @param {string} text JSON.
 * @returns the parsed model, frozen at its top.
 * @throws {Error} not JSON, or a rule is broken: the message names the field, its value and what is allowed.
 */
export function readModel(text) {
  if (text.length > FILE_LIMIT) throw new Error(`above ${FILE_LIMIT} characters; that is no harlib-integer model`);
  const model = JSON.parse(text);
  refuseRepeatedKeys(text);
  require(model !== null && typeof model === "object", "the file", model, "an object");
  requireOneOf("format", model.format, ["harlib-integer"]);
  requireOneOf("version", model.version, [1]);
  check(model, MODEL, "");
  requireAgreement(model);
  return Object.freeze(model);
}

const integer = (low, high) => (value, place) =>
  require(Number.isInteger(value) && value >= low && value <= high, place, value, `a whole number in ${low}..${high}`);
const real = (rule, words) => (value, place) => require(Number.isFinite(value) && rule(value), place, value, words);
const exactly = (...allowed) => (value, place) => requireOneOf(place, value, allowed);
const text = (rule, words) => (value, place) => require(typeof value === "string" && rule(value), place, value, words);
const list = (item, least = 0, most = Infinity) => (value, place) => {
  const fits = Array.isArray(value) && value.length >= least && value.length <= most;
  require(fits, place, value, `a list${least === most ? ` of ${least}` : ""}`);
  value.forEach((part, index) => item(part, `${place}[${index}]`));
};
const object = (fields) => (value, place) => check(value, fields, place);
const either = (scalar, many) => (value, place) => (Array.isArray(value) ? many : scalar)(value, place);

const SIZE = integer(1, 1024);
const CODE = integer(0, 255);
const FINITE = real(() => true, "a finite number");
const NOT_NEGATIVE = real((value) => value >= 0, "a finite number, at least 0");
const POSITIVE = real((value) => value > 0, "a finite number above 0");
const LAYER_NAME = text((value) => NAME.test(value), "a letter, then up to 39 letters, digits, _ . -");
const ROW = list(integer(-1, 1));
const BIAS = list(integer(-(2 ** 22), 2 ** 22 - 1));
const MULTIPLIER = integer(0, 2 ** 31 - 1);
const SHIFT = integer(1, 46);

const LAYERS = {
  conv2d: {
    op: exactly("conv2d"), name: LAYER_NAME, in_channels: SIZE, out_channels: SIZE, groups: SIZE,
    kernel: list(integer(1, 64), 2, 2), stride: list(integer(1, 64), 2, 2), padding: list(integer(0, 63), 2, 2),
    weight: list(list(list(ROW))), bias: BIAS, input_zero_point: CODE, multiplier: list(MULTIPLIER),
    shift: list(SHIFT), output_zero_point: CODE, clamp: list(CODE, 2, 2),
    weight_scale: either(NOT_NEGATIVE, list(NOT_NEGATIVE)), real_multiplier: list(NOT_NEGATIVE),
    output_scale: POSITIVE,
  },
  global_average_pool: {
    op: exactly("global_average_pool"), name: LAYER_NAME, count: integer(1, 2 ** 20), multiplier: MULTIPLIER,
    shift: SHIFT, input_zero_point: CODE,
  },
  linear: {
    op: exactly("linear"), name: LAYER_NAME, in_features: SIZE, out_features: SIZE, weight: list(ROW), bias: BIAS,
    input_zero_point: CODE, weight_scale: NOT_NEGATIVE, logit_scale: NOT_NEGATIVE,
  },
};

const MODEL = {
  format: exactly("harlib-integer"),
  version: exactly(1),
  classes: list(text((value) => value !== "" && [...value].length <= 100, "1 to 100 characters"), 2),
  input: object({ shape: list(SIZE, 3, 3), low: FINITE, high: FINITE, scale: POSITIVE, zero_point: CODE }),
  layers: list((layer, place) => {
    requireOneOf(`${place}.op`, layer?.op, Object.keys(LAYERS));
    check(layer, LAYERS[layer.op], place);
  }, 3, 64),
};

function check(value, fields, place) {
  require(value !== null && typeof value === "object" && !Array.isArray(value), place, value, "an object");
  const dot = place && `${place}.`;
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(fields, key)) throw new Error(`${dot}${key} is no key of version 1; remove it`);
  }
  for (const [key, rule] of Object.entries(fields)) {
    if (!Object.hasOwn(value, key)) throw new Error(`${dot}${key} is missing`);
    rule(value[key], dot + key);
  }
}

function require(holds, place, value, allowed) {
  if (!holds) throw new Error(`${place} = ${shorten(value)}: must be ${allowed}`);
}

function requireOneOf(place, value, allowed) {
  require(allowed.includes(value), place, value, allowed.map((one) => JSON.stringify(one)).join(" or "));
}

function shorten(value) {
  const shown = JSON.stringify(value) ?? String(value);
  return shown.length > 60 ? `${shown.slice(0, 57)}...` : shown;
}

/** Engines would differ on which of two equal keys counts. The text is known to be JSON. */
function refuseRepeatedKeys(text) {
  const open = [];
  for (const [token, string, colon] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g)) {
    if (token === "{" || token === "[") open.push(new Set());
    else if (token === "}" || token === "]") open.pop();
    else if (colon) {
      const key = JSON.parse(string);
      if (open.at(-1).has(key)) throw new Error(`the key ${shorten(key)} stands twice in one object`);
      open.at(-1).add(key);
    }
  }
}

/** The rules between fields and from layer to layer; walks the shapes. */
function requireAgreement(model) {
  const { classes, layers, input } = model;
  const ops = layers.map((layer) => layer.op);
  const order = ops.slice(0, -2).every((op) => op === "conv2d") && ops.at(-2) === "global_average_pool";
  require(order && ops.at(-1) === "linear", "layers", ops, "conv2d (one or more), global_average_pool, linear");
  for (const [place, names] of [["classes", classes], ["layers.name", layers.map((layer) => layer.name)]]) {
    require(new Set(names).size === names.length, place, names, "names that differ");
  }
  require(input.low < input.high, "input.low", input.low, `below high (${input.high})`);
  require(layers.at(-1).out_features === classes.length, "classes", classes, `${layers.at(-1).out_features} names`);
  let [shape, codes, zeroPoint] = [input.shape, [0, 255], input.zero_point];
  layers.forEach((layer, index) => {
    const place = `layers[${index}]`;
    require(layer.input_zero_point === zeroPoint, `${place}.input_zero_point`, layer.input_zero_point, zeroPoint);
    RULES[layer.op](layer, place, shape);
    requireAccumulators(layer, place, shape, codes);
    if (layer.op === "conv2d") {
      shape = [layer.out_channels, ...outputSize(layer, shape)];
      [codes, zeroPoint] = [layer.clamp, layer.output_zero_point];
    } else {
      shape = [shape[0], 1, 1];
    }
  });
}

const RULES = {
  conv2d(layer, place, shape) {
    for (const field of ["in_channels", "out_channels"]) {
      require(layer[field] % layer.groups === 0, `${place}.groups`, layer.groups, `a divisor of ${field}`);
    }
    const pads = layer.padding.every((padding, axis) => padding < layer.kernel[axis]);
    require(pads, `${place}.padding`, layer.padding, `below the kernel (${layer.kernel})`);
    require(layer.clamp[0] < layer.clamp[1], `${place}.clamp`, layer.clamp, "first code below the second");
    const inPerGroup = layer.in_channels / layer.groups;
    requireShape(layer, place, "weight", [layer.out_channels, inPerGroup, ...layer.kernel]);
    const many = ["bias", "multiplier", "shift", "real_multiplier"];
    if (Array.isArray(layer.weight_scale)) many.push("weight_scale");
    many.forEach((field) => requireShape(layer, place, field, [layer.out_channels]));
    require(layer.in_channels === shape[0], `${place}.in_channels`, layer.in_channels, shape[0]);
    const fits = Math.min(...outputSize(layer, shape)) >= 1;
    require(fits, `${place}.kernel`, layer.kernel, `inside the padded ${shape[1]} x ${shape[2]} map`);
  },
  global_average_pool(layer, place, shape) {
    // 255 * 2^-9 is below one half: a code is at most one from the rounded mean.
    const off = Math.abs(layer.multiplier * layer.count - 2 ** layer.shift); // below 2^52, so exact
    const words = `2^shift (shift = ${layer.shift}) / ${layer.count} within a relative error of 2^-9`;
    require(off * 2 ** 9 <= 2 ** layer.shift, `${place}.multiplier`, layer.multiplier, words);
    require(layer.count === shape[1] * shape[2], `${place}.count`, layer.count, shape[1] * shape[2]);
  },
  linear(layer, place, shape) {
    requireShape(layer, place, "weight", [layer.out_features, layer.in_features]);
    requireShape(layer, place, "bias", [layer.out_features]);
    require(layer.in_features === shape[0], `${place}.in_features`, layer.in_features, shape[0]);
  },
};

function requireShape(layer, place, field, shape) {
  const has = (nested, [length, ...rest]) =>
    nested.length === length && (rest.length === 0 || nested.every((part) => has(part, rest)));
  if (!has(layer[field], shape)) throw new Error(`${place}.${field}: its lists must have the shape ${shape.join(" x ")}`);
}
