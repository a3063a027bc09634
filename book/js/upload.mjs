// A reader's own spectrogram: CSV text or a picture, brought to the model's input codes.

/**
 * Read 64 lines of 64 numbers, apart by commas, semicolons, tabs or spaces.
 *
 * Whole numbers in 0..255 are taken for codes; anything else for raw values, which the model's low and high bring to
 * codes: clip(floor((raw - low) * 255 / (high - low) + 1/2), 0, 255).
 *
 * @returns {codes, as}: a Uint8Array in the file's order, and "codes" or "raw values".
 * @throws {Error} another shape, or something that is no number; the message names the line.
 */
export function readCsv(text, { shape: [, rows, columns], low, high }) {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length !== rows) throw new Error(`${lines.length} lines: ${rows} lines of ${columns} numbers are expected`);
  const values = lines.flatMap((line, index) => {
    const parts = line.trim().split(/\s*[,;\s]\s*/);
    if (parts.length !== columns) throw new Error(`line ${index + 1} has ${parts.length} values: ${columns} are expected`);
    return parts.map((part) => {
      if (part === "" || !Number.isFinite(Number(part))) throw new Error(`line ${index + 1}: "${part}" is no number`);
      return Number(part);
    });
  });
  if (values.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)) {
    return { codes: Uint8Array.from(values), as: "codes" };
  }
  return { codes: Uint8Array.from(values, (value) => inputCode(value, low, high)), as: "raw values" };
}

/** The code of a raw value, in float64 as harlib.integer.inputs. */
export function inputCode(raw, low, high) {
  return Math.min(255, Math.max(0, Math.floor(((raw - low) * 255) / (high - low) + 0.5)));
}

/** Codes of a picture: luminance (ITU-R 601, as Pillow's), black 0 and white 255. `rgba` as a canvas gives it. */
export function readPixels(rgba) {
  const codes = new Uint8Array(rgba.length / 4);
  for (let i = 0; i < codes.length; i++) {
    const [r, g, b] = rgba.slice(4 * i, 4 * i + 3);
    codes[i] = (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
  }
  return codes;
}

/** The rows in reverse order. */
export function upsideDown(codes, columns) {
  const turned = new Uint8Array(codes.length);
  for (let at = 0; at < codes.length; at += columns) turned.set(codes.subarray(at, at + columns), codes.length - at - columns);
  return turned;
}

/**
 * Read a file that the reader chose.
 *
 * @param {File} file CSV, or a picture that the browser can open; pictures of another size are scaled.
 * @returns {Promise<{codes, as}>} as `readCsv`; a picture's `as` tells its size.
 */
export async function readFile(file, input) {
  if (/\.(csv|txt)$/i.test(file.name)) return readCsv(await file.text(), input);
  const image = await createImageBitmap(file).catch(() => {
    throw new Error("neither CSV nor a picture that this browser can open");
  });
  const [, rows, columns] = input.shape;
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, columns, rows);
  const codes = readPixels(context.getImageData(0, 0, columns, rows).data);
  const scaled = image.width === columns && image.height === rows ? "" : `, scaled to ${columns} x ${rows}`;
  return { codes, as: `shades of a picture of ${image.width} x ${image.height} pixels${scaled}` };
}
