// What harlib computed, from the file that tests/javascript/cases.py wrote (test_node.py calls both).
import { readFileSync } from "node:fs";

const path = process.env.HARLIB_CASES;
if (!path) throw new Error("HARLIB_CASES is not set: run pytest tests/javascript");
export const cases = JSON.parse(readFileSync(path, "utf8"));
