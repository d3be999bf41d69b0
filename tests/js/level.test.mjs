import assert from "node:assert/strict";
import { test } from "node:test";

import { FLOOR_DBFS, LevelMeter, measureLevel } from "../../static/js/lib/level.js";
import { tone } from "./signals.mjs";

const near = (actual, expected, tolerance = 0.01) => assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

test("a sine of half the full scale peaks at -6.02 dBFS, with an RMS 3.01 dB below", () => {
  const { rmsDbfs, peakDbfs, clipped } = measureLevel(tone(100, 8000, 8000, 0.5));
  near(peakDbfs, -6.02);
  near(rmsDbfs, -9.03);
  assert.equal(clipped, 0);
});

test("silence and nothing are the floor", () => {
  assert.equal(measureLevel(new Float32Array(10)).rmsDbfs, FLOOR_DBFS);
  assert.equal(measureLevel(new Float32Array(0)).peakDbfs, FLOOR_DBFS);
});

test("samples at full scale are counted as clipped, on both sides", () => {
  assert.equal(measureLevel(Float32Array.of(1, -1, 0.5, 32767 / 32768)).clipped, 3);
});

test("the meter rises at once, falls by its rate, and holds the clip mark", () => {
  const meter = new LevelMeter({ rateHz: 1000, fallDbPerS: 20, clipHoldS: 0.5 });
  meter.push(new Float32Array(100).fill(1));
  near(meter.rmsDbfs, 0);
  assert.equal(meter.clipping, true);
  meter.push(new Float32Array(400));
  near(meter.rmsDbfs, -8);
  assert.equal(meter.clipping, true);
  meter.push(new Float32Array(100));
  assert.equal(meter.clipping, false);
});

test("the bar runs from the floor asked for to full scale", () => {
  const meter = new LevelMeter();
  assert.equal(meter.fraction(-60), 0);
  meter.push(new Float32Array(800).fill(10 ** (-30 / 20)));
  near(meter.fraction(-60), 0.5);
  meter.push(new Float32Array(800).fill(1));
  near(meter.fraction(-60), 1);
});
