// The logits as a table with bars, and as a sentence.

import { digits, h } from "./dom.mjs";
import { argmax } from "./engine.mjs";

/** One row a class: its name, its logit, a bar from the lowest to the highest; the chosen and the true one are marked. */
export function classTable(classes, logits, truth) {
  const [low, high] = [Math.min(...logits), Math.max(...logits)];
  const best = argmax(logits);
  const row = (name, index) => {
    const bar = h("span", { class: "pg-bar" });
    bar.style.setProperty("width", `${4 + 96 * ((logits[index] - low) / Math.max(1, high - low))}%`);
    const marks = [index === best && "chosen", name === truth && "true"].filter(Boolean).join(", ");
    return h("tr", { class: index === best ? "pg-best" : false },
      h("th", { scope: "row" }, name), h("td", {}, digits(logits[index])),
      h("td", { class: "pg-bars" }, bar), h("td", {}, marks));
  };
  return h("table", { class: "pg-logits" },
    h("caption", {}, "Logits, whole numbers; the highest names the class"),
    h("thead", {}, h("tr", {}, ["class", "logit", "", ""].map((text) =>
      text ? h("th", { scope: "col" }, text) : h("td", {})))),
    h("tbody", {}, classes.map(row)));
}

/** What the network says, in words. */
export function verdict(classes, logits, truth) {
  const best = argmax(logits);
  const second = Math.max(...logits.filter((_, index) => index !== best));
  const said = `The network says ${classes[best]}, ${digits(logits[best] - second)} ahead of the next.`;
  return truth === null ? said : `${said} That is ${classes[best] === truth ? "right" : "wrong"}.`;
}
