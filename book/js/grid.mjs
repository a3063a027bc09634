// Widget: one person simulated over tempo, speed and noise; the network classifies what is shown.

import { spectrogram } from "./classify.mjs";
import { figure, h, inflated, radios, short, spoken } from "./dom.mjs";
import { codeMap } from "./draw.mjs";
import { argmax, run } from "./engine.mjs";
import { classTable, verdict } from "./logits.mjs";

/** @param data gives the page's blocks: "model" and "grid"; without a grid the widget says why there is none. */
export async function mountGrid(place, data) {
  const model = data("model");
  const grid = data("grid");
  if (!grid) {
    place.replaceChildren(h("p", {}, "This book's network was trained on recordings; it knows nothing of simulated people."));
    return;
  }
  const all = await inflated(grid.codes);
  const { activities, tempo, speed, snr_db: snr, axes } = grid;
  const state = { activity: 0, noise: 0, tempo: tempo.indexOf(1), speed: speed.indexOf(1) };
  const result = spoken();
  const table = h("div");
  const detail = h("div", { class: "pg-stage" });
  const cache = new Map();
  const cells = model.input.shape.reduce((a, b) => a * b);

  /** Codes and logits of a place of the grid; computed when first asked for. */
  function at(tempoIndex, speedIndex) {
    const index = ((state.activity * tempo.length + tempoIndex) * speed.length + speedIndex) * snr.length + state.noise;
    if (!cache.has(index)) {
      const codes = all.subarray(index * cells, (index + 1) * cells);
      cache.set(index, { codes, logits: run(model, codes) });
    }
    return cache.get(index);
  }

  function draw() {
    const truth = activities[state.activity];
    let right = 0;
    const items = tempo.flatMap((t, tempoIndex) => speed.map((v, speedIndex) => {
      const { codes, logits } = at(tempoIndex, speedIndex);
      const said = model.classes[argmax(logits)];
      right += said === truth;
      const words = `tempo ${t}, speed ${v}: ${said}, ${said === truth ? "right" : "wrong"}`;
      const content = [
        codeMap(codes, model.input.shape.slice(1)),
        h("span", { class: said === truth ? "pg-right" : "pg-wrong" }, `${said === truth ? "✓" : "✗"} ${said}`),
        h("small", {}, `tempo ${t} · speed ${v}`),
      ];
      return { value: `${tempoIndex},${speedIndex}`, label: words, content };
    }));
    const choose = (value) => {
      [state.tempo, state.speed] = value.split(",").map(Number);
      drawDetail(truth);
    };
    const legend = `Tempo from top to bottom, speed from left to right: ${right} of ${items.length} are called ${truth}`;
    table.replaceChildren(radios(legend, items, `${state.tempo},${state.speed}`, choose, "thumbs"));
    table.dataset.right = right;
    drawDetail(truth);
    result.say(`${truth} at ${words(state.noise)}: ${right} of ${items.length} are called ${truth}.`);
  }

  function drawDetail(truth) {
    const { codes, logits } = at(state.tempo, state.speed);
    const what = `${truth}, tempo ${tempo[state.tempo]}, speed ${speed[state.speed]}, ${words(state.noise)}.`;
    const picture = figure(what, spectrogram(codes, model.input.shape, axes));
    picture.describe(`Spectrogram: ${what}`);
    const look = () => document.dispatchEvent(new CustomEvent("harlib:look", { detail: { codes, what, truth } }));
    const inside = document.querySelector('[data-widget="classify"]') &&
      h("button", { type: "button", class: "pg-button", onclick: look }, "Look inside the network");
    detail.replaceChildren(picture.element, h("div", {}, classTable(model.classes, logits, truth), inside));
    place.dataset.logits = logits.join(" ");
    result.say(`${what} ${verdict(model.classes, logits, truth)}`);
  }

  const words = (index) => `${short(snr[index])} dB over the noise`;
  const pills = (legend, names, field) =>
    radios(legend, names.map((label, value) => ({ value, label })), state[field], (value) => {
      state[field] = Number(value);
      draw();
    });
  place.replaceChildren(
    h("div", { class: "pg-toolbar" }, pills("Activity", activities, "activity"),
      pills(`Echo over the noise (trained at ${grid.trained_snr_db.join(" to ")} dB)`, snr.map((one) => `${short(one)} dB`), "noise")),
    result.element, table, detail);
  draw();
}
