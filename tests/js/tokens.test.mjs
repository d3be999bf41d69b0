import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const css = readFileSync(new URL("../../static/css/tokens.css", import.meta.url), "utf8");

/** The custom properties of the block that follows `selector`. */
function block(selector) {
  const start = css.indexOf(selector);
  assert.notEqual(start, -1, `${selector} is missing`);
  const open = css.indexOf("{", start);
  const body = css.slice(open + 1, css.indexOf("}", open));
  return Object.fromEntries([...body.matchAll(/(--[\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name, value]));
}

const light = block(":root {");
const darkBySystem = block(':root:not([data-theme="light"]) {');
const darkByChoice = block(':root[data-theme="dark"] {');

function luminance(hex) {
  const channel = (i) => {
    const value = parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(0) + 0.7152 * channel(1) + 0.0722 * channel(2);
}

/** WCAG 2.2 contrast ratio of two #rrggbb colours. */
function contrast(a, b) {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

const SURFACES = ["page", "surface", "surface-raised", "surface-sunken"];
const TEXT_PAIRS = [
  ...SURFACES.flatMap((surface) => ["text", "text-muted", "link", "danger"].map((text) => [text, surface])),
  ["on-action", "action"],
  ["on-action", "action-hover"],
  ["on-danger", "danger"],
  ["on-danger", "danger-hover"],
  ["on-record", "record"],
  ["plot-text", "plot"],
  ...["normal", "abnormal", "unsure"].map((verdict) => [`on-${verdict}`, verdict]),
  ...["action", "normal", "abnormal", "unsure", "danger"].map((tone) => [`on-${tone}-soft`, `${tone}-soft`]),
];
const SHAPE_PAIRS = [
  ...SURFACES.flatMap((surface) => ["focus", "line-strong"].map((shape) => [shape, surface])),
  ["plot-wave", "plot"],
  ["record", "surface"],
  ...["normal", "abnormal", "unsure"].map((verdict) => [verdict, `${verdict}-soft`]),
];

test("both ways into the dark theme give the same values", () => {
  assert.deepEqual(darkBySystem, darkByChoice);
});

test("the dark theme redefines every colour of the light one and nothing else", () => {
  const themed = Object.keys(light).filter((name) => /^--(color|shadow)-/.test(name));
  assert.deepEqual(Object.keys(darkByChoice).sort(), themed.sort());
});

for (const [theme, values] of [["light", light], ["dark", darkByChoice]]) {
  for (const [pairs, least] of [[TEXT_PAIRS, 4.5], [SHAPE_PAIRS, 3]]) {
    test(`${theme}: ${least === 3 ? "shapes" : "text"} reach ${least}:1`, () => {
      for (const [front, back] of pairs) {
        const ratio = contrast(values[`--color-${front}`], values[`--color-${back}`]);
        assert.ok(ratio >= least, `${front} on ${back} is ${ratio.toFixed(2)}:1`);
      }
    });
  }
}
