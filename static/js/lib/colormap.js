/**
 * Colour maps of 256 entries in which equal steps look equal: published anchor colours (viridisLite's nine-colour magma and
 * viridis), joined by straight lines in CIELAB.
 */

const MAGMA = ["#000004", "#1c1044", "#4f127b", "#812581", "#b5367a", "#e55064", "#fb8761", "#fec287", "#fcfdbf"];
const VIRIDIS = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21908c", "#27ad81", "#5dc863", "#aadc32", "#fde725"];
const STEPS = 256;

// sRGB (IEC 61966-2-1) and CIELAB under D65.
const WHITE = [0.95047, 1, 1.08883];
const TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]];
const FROM_XYZ = [[3.2404542, -1.5371385, -0.4985314], [-0.969266, 1.8760108, 0.041556], [0.0556434, -0.2040259, 1.0572252]];
const LAB_KNEE = 6 / 29;

const multiply = (matrix, vector) => matrix.map((row) => row.reduce((sum, value, i) => sum + value * vector[i], 0));
const toLinear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const fromLinear = (v) => (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);
const labCurve = (t) => (t > LAB_KNEE ** 3 ? Math.cbrt(t) : t / (3 * LAB_KNEE ** 2) + 4 / 29);
const labCurveBack = (f) => (f > LAB_KNEE ? f ** 3 : 3 * LAB_KNEE ** 2 * (f - 4 / 29));

/** [0..255, 0..255, 0..255] to [L*, a*, b*]. */
export function rgbToLab(rgb) {
  const [x, y, z] = multiply(TO_XYZ, rgb.map((v) => toLinear(v / 255))).map((v, i) => labCurve(v / WHITE[i]));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function labToRgb([lightness, a, b]) {
  const y = (lightness + 16) / 116;
  const xyz = [y + a / 500, y, y - b / 200].map((f, i) => labCurveBack(f) * WHITE[i]);
  return multiply(FROM_XYZ, xyz).map((v) => Math.round(255 * Math.max(0, Math.min(1, fromLinear(Math.max(0, v))))));
}

function buildMap(anchors) {
  const labs = anchors.map((hex) => rgbToLab([1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16))));
  const table = new Uint8ClampedArray(3 * STEPS);
  for (let step = 0; step < STEPS; step += 1) {
    const position = (step / (STEPS - 1)) * (labs.length - 1);
    const left = Math.min(Math.floor(position), labs.length - 2);
    const share = position - left;
    table.set(labToRgb(labs[left].map((value, i) => value + share * (labs[left + 1][i] - value))), 3 * step);
  }
  return table;
}

/** RGB triples, dark to light: `table[3 * step + channel]`, step 0..255. */
export const magma = buildMap(MAGMA);
export const viridis = buildMap(VIRIDIS);

/** Step 0..255 of a level between `floorDb` and `topDb`; what lies outside takes the end's. */
export function stepOf(db, floorDb, topDb) {
  return Math.max(0, Math.min(STEPS - 1, Math.round(((db - floorDb) / (topDb - floorDb)) * (STEPS - 1))));
}

/**
 * Pixels of a spectrogram (as computeSpectrogram returns it), one a value, high frequencies at the top.
 *
 * @returns {{width: number, height: number, rgba: Uint8ClampedArray}} ready for `new ImageData(rgba, width, height)`
 */
export function paintSpectrogram({ columns, bins, db }, { floorDb, topDb, table = magma }) {
  const rgba = new Uint8ClampedArray(4 * columns * bins);
  for (let column = 0; column < columns; column += 1) {
    for (let bin = 0; bin < bins; bin += 1) {
      const step = 3 * stepOf(db[column * bins + bin], floorDb, topDb);
      const at = 4 * ((bins - 1 - bin) * columns + column);
      rgba[at] = table[step];
      rgba[at + 1] = table[step + 1];
      rgba[at + 2] = table[step + 2];
      rgba[at + 3] = 255;
    }
  }
  return { width: columns, height: bins, rgba };
}
