// Widget: choose a spectrogram, watch the integer network classify it layer by layer, down to one value.

import { explainCell } from "./cell.mjs";
import { bytes, digits, figure, h, labelled, newId, radios, select, spoken, still } from "./dom.mjs";
import { codeMap, diverging, paint } from "./draw.mjs";
import { trace } from "./engine.mjs";
import { classTable, verdict } from "./logits.mjs";
import { readFile, upsideDown } from "./upload.mjs";

const SECONDS_A_LAYER = 1.4;

/** @param place the element to fill. @param data gives the page's blocks: "model" and "samples". */
export function mountClassify(place, data) {
  const model = data("model");
  const { samples, withheld, axes, classes } = data("samples");
  const state = { codes: new Uint8Array(model.input.shape.reduce((a, b) => a * b)), layer: 0, channel: 0, y: 0, x: 0, view: "codes" };
  const result = spoken();
  const stage = h("div", { class: "pg-stage" });
  const panel = h("div", { class: "pg-layer" });

  const chosen = (index) => {
    const { codes, label, sample, subject } = samples[index];
    const truth = classes[label];
    show(bytes(codes), `Test sample ${sample}, person ${subject}, ${truth}.`, truth);
  };

  /** Run the network on new codes. */
  function show(codes, what, truth = null) {
    const started = performance.now();
    const steps = trace(model, codes);
    const milliseconds = performance.now() - started;
    if (!state.steps) Object.assign(state, brightest(steps[0]));
    Object.assign(state, { codes, steps, what });
    const picture = figure("The network's input: codes 0 to 255", spectrogram(codes, model.input.shape, axes));
    picture.describe(`${what} ${axes ? "Doppler velocity from bottom to top, time from left to right." : ""}`);
    const logits = steps.at(-1).codes;
    stage.replaceChildren(picture.element, h("div", {}, classTable(model.classes, logits, truth)));
    result.say(`${what} ${verdict(model.classes, logits, truth)} Computed here in ${milliseconds.toFixed(0)} ms.`);
    place.dataset.logits = logits.join(" ");
    drawLayer();
  }

  /** Draw the chosen layer: all its maps, the chosen one large, and how the chosen value came to be. */
  function drawLayer() {
    const { layer, shape, codes } = state.steps[state.layer];
    const [channels, height, width] = shape;
    state.channel = Math.min(state.channel, channels - 1);
    [state.y, state.x] = [Math.min(state.y, height - 1), Math.min(state.x, width - 1)];
    panel.replaceChildren(
      ...(layer.op === "conv2d" ? [views(), gallery(state.steps[state.layer])] : []),
      h("div", { class: "pg-cell" },
        ...(layer.op === "conv2d" ? [largeMap(state.steps[state.layer])] : [values(layer, codes)]),
        explainCell(model, state)));
  }

  const redraw = (change) => {
    const focused = document.activeElement;
    const key = panel.contains(focused) ? focused.dataset.key ?? focused.value : null;
    Object.assign(state, change);
    drawLayer();
    if (key !== null) panel.querySelector(`[data-key="${key}"], input[value="${key}"]`)?.focus();
  };

  function views() {
    const items = ["codes", "accumulators"].map((value) => ({ value, label: value }));
    return radios("Show", items, state.view, (view) => redraw({ view }));
  }

  /** One channel's map: codes on viridis, accumulators from orange over grey (0) to blue. */
  function mapOf({ codes, accumulators, shape: [, height, width] }, channel) {
    const offset = channel * height * width;
    if (state.view === "codes") return codeMap(codes, [height, width], { offset, top: Math.max(1, ...codes) });
    const limit = largest(accumulators);
    const colour = (value) => diverging(value / limit);
    return paint(h("canvas"), accumulators, [height, width], colour, { offset, bottomUp: true });
  }

  function gallery(step) {
    const [channels, height, width] = step.shape;
    const held = step[state.view];
    const items = Array.from({ length: channels }, (_, channel) => {
      const map = held.subarray(channel * height * width, (channel + 1) * height * width);
      const range = `${Math.min(...map)} to ${Math.max(...map)}`;
      return { value: channel, label: `map ${channel + 1} of ${channels}: ${range}`, content: mapOf(step, channel) };
    });
    const size = `${channels} maps of ${height} × ${width}`;
    const legend = state.view === "codes"
      ? `${size} codes; bright is high, the brightest here ${Math.max(...held)}`
      : `${size} accumulators; blue is above 0, orange below, the largest here ${digits(largest(held))}`;
    return radios(legend, items, state.channel, (channel) => redraw({ channel: Number(channel) }), "maps");
  }

  function largeMap(step) {
    const [, height, width] = step.shape;
    const map = mapOf(step, state.channel);
    const cross = h("span", { class: "pg-cross" });
    cross.style.setProperty("left", `${((state.x + 0.5) / width) * 100}%`);
    cross.style.setProperty("bottom", `${((state.y + 0.5) / height) * 100}%`);
    const number = (name, axis, limit) =>
      labelled(name, h("input", {
        type: "number", min: 1, max: limit, value: state[axis] + 1, "data-key": axis,
        onchange: ({ target }) => target.checkValidity() && target.value && redraw({ [axis]: target.value - 1 }),
      }));
    const pick = (event) => {
      const box = map.getBoundingClientRect();
      const part = (at, size, count) => Math.min(count - 1, Math.max(0, Math.floor((at / size) * count)));
      redraw({
        x: part(event.clientX - box.left, box.width, width),
        y: part(box.bottom - event.clientY, box.height, height),
      });
    };
    const move = (event) => {
      const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [];
      if (dx === undefined) return;
      event.preventDefault();
      const inside = (value, count) => Math.min(count - 1, Math.max(0, value));
      redraw({ x: inside(state.x + dx, width), y: inside(state.y + dy, height) });
    };
    const words = `Map ${state.channel + 1}; the arrow keys move the chosen value, now row ${state.y + 1}, column ${state.x + 1}`;
    return h("div", { class: "pg-large" },
      h("div", { class: "pg-pick", tabindex: 0, role: "group", "aria-label": words, "data-key": "map",
        onclick: pick, onkeydown: move }, map, cross),
      h("div", { class: "pg-fields" }, number("Row", "y", height), number("Column", "x", width)));
  }

  function values(layer, codes) {
    const names = layer.op === "linear" ? model.classes : [...codes].map((_, index) => `map ${index + 1}`);
    const options = [...codes].map((code, index) => [index, `${names[index]}: ${digits(code)}`]);
    const field = select(options, state.channel, (channel) => redraw({ channel: Number(channel) }));
    field.dataset.key = "value";
    return h("div", { class: "pg-large" }, labelled(layer.op === "linear" ? "Logit" : "Mean", field));
  }

  const layers = radios(
    "Layer",
    model.layers.map((layer, value) => ({ value, label: layer.name })), 0,
    (layer) => redraw({ layer: Number(layer) }), "layers",
  );
  place.replaceChildren(
    h("div", { class: "pg-toolbar" }, ...sources(), still() ? null : player(layers)),
    result.element, stage, layers, panel);
  document.addEventListener("harlib:look", ({ detail }) => {
    show(detail.codes, detail.what, detail.truth);
    place.scrollIntoView({ behavior: still() ? "auto" : "smooth" });
    layers.querySelector("input:checked").focus({ preventScroll: true });
  });

  if (samples.length) chosen(0);
  else {
    show(state.codes, "An empty picture.");
    if (withheld) stage.append(h("p", {}, "The recordings of this study are not shown: they are personal data."));
  }

  function sources() {
    const options = classes.map((name, label) => ({
      group: name,
      options: samples.flatMap((one, index) => (one.label === label ? [[index, `${name}, sample ${one.sample}`]] : [])),
    }));
    const problem = h("p", { class: "pg-problem", role: "alert" });
    const flip = h("input", { type: "checkbox", id: newId("flip") });
    const read = async ({ target }) => {
      problem.textContent = "";
      try {
        if (!target.files.length) return;
        const { codes, as } = await readFile(target.files[0], model.input);
        show(flip.checked ? upsideDown(codes, model.input.shape[2]) : codes, `Your file, read as ${as}.`);
      } catch (error) {
        problem.textContent = `${target.files[0].name} was not read: ${error.message}.`;
      }
    };
    const file = h("input", { type: "file", accept: ".csv,.txt,image/png,image/jpeg", onchange: read });
    return [
      samples.length ? labelled("Spectrogram", select(options, 0, (index) => chosen(Number(index)))) : null,
      labelled("Or your own, PNG or CSV of 64 × 64", file),
      h("div", { class: "pg-check" }, flip, h("label", { for: flip.id }, "turn my file upside down")),
      problem,
    ];
  }
}

/** Largest size of a value, at least 1. */
function largest(values) {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
}

/** Where the first map is brightest: more to see there than in a corner. */
function brightest({ shape: [, height, width], codes }) {
  const map = codes.subarray(0, height * width);
  const at = map.indexOf(Math.max(...map));
  return { y: Math.floor(at / width), x: at % width };
}

/** Goes through the layers by itself; any key or click ends it. Not offered where less motion is asked for. */
function player(layers) {
  const inputs = [...layers.querySelectorAll("input")];
  let timer = 0;
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    button.textContent = "▶ Play";
  };
  const choose = (index) => inputs[index].click();
  const start = () => {
    let next = 0;
    button.textContent = "■ Stop";
    const step = () => (next < inputs.length ? choose(next++) : stop());
    step();
    timer = setInterval(step, 1000 * SECONDS_A_LAYER);
  };
  const button = h("button", { type: "button", class: "pg-button", onclick: () => (timer ? stop() : start()) }, "▶ Play");
  return button;
}

/** A spectrogram with its axes written beside it. */
export function spectrogram(codes, [, height, width], axes) {
  const limit = axes?.limit_m_s.toFixed(1);
  return h("div", { class: "pg-spectrogram" },
    axes && h("span", { class: "pg-v", "aria-hidden": "true" }, h("span", {}, `+${limit}`), "m/s", h("span", {}, `−${limit}`)),
    codeMap(codes, [height, width]),
    axes && h("span", { class: "pg-t", "aria-hidden": "true" }, h("span", {}, "0"), "time",
      h("span", {}, `${axes.seconds.toFixed(1)} s`)));
}
