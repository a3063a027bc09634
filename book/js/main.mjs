// Puts the widgets into the page, and the engine under window.harlib for those who open the console.

import { accumulatorBounds } from "./bounds.mjs";
import { mountClassify } from "./classify.mjs";
import { h } from "./dom.mjs";
import { argmax, requantize, run, trace } from "./engine.mjs";
import { mountGrid } from "./grid.mjs";
import { readModel } from "./model.mjs";
import { mountScales } from "./scales-widget.mjs";
import { affine, dyadic } from "./scales.mjs";
import { optimal, ternarize } from "./ternary.mjs";
import { mountThreshold } from "./threshold.mjs";
import { readCsv } from "./upload.mjs";

const WIDGETS = { classify: mountClassify, threshold: mountThreshold, scales: mountScales, grid: mountGrid };

window.harlib = {
  accumulatorBounds, affine, argmax, dyadic, optimal, readCsv, readModel, requantize, run, ternarize, trace,
};

const block = (name) => document.getElementById(`playground-${name}`)?.textContent;
const parsed = {};

/** A data block of the page by its name; the model is read with all its checks. */
function data(name) {
  parsed[name] ??= name === "model" ? readModel(block(name)) : JSON.parse(block(name) ?? "null");
  return parsed[name];
}

for (const place of document.querySelectorAll("[data-widget]")) mount(place);

async function mount(place) {
  try {
    await WIDGETS[place.dataset.widget](place, data);
  } catch (error) {
    place.replaceChildren(h("p", { role: "alert" }, `This part of the page cannot be shown: ${error.message}`));
    console.error(error);
  }
}
