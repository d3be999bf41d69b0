import assert from "node:assert/strict";
import { test } from "node:test";

import { DbRange } from "../../static/js/lib/db-range.js";
import { RealFft } from "../../static/js/lib/fft.js";
import {
  computeMelSpectrogram, computeSpectrogram, FLOOR_DB, hzToMel, melFilters, melToHz, StreamingSpectrogram,
} from "../../static/js/lib/spectrogram.js";
import { random, tone } from "./signals.mjs";

const near = (actual, expected, tolerance) => assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
const column = ({ db, bins }, index) => db.subarray(index * bins, (index + 1) * bins);
const loudest = (values) => values.indexOf(Math.max(...values));

test("the FFT agrees with the definition of the transform", () => {
  for (const size of [4, 8, 64, 256]) {
    const next = random(size);
    const samples = Float64Array.from({ length: size }, () => 2 * next() - 1);
    const power = new RealFft(size).powerInto(samples, new Float64Array(size / 2 + 1));
    for (let k = 0; k <= size / 2; k += 1) {
      let re = 0;
      let im = 0;
      for (let n = 0; n < size; n += 1) {
        re += samples[n] * Math.cos((2 * Math.PI * k * n) / size);
        im -= samples[n] * Math.sin((2 * Math.PI * k * n) / size);
      }
      near(power[k], re * re + im * im, 1e-9 * size);
    }
  }
  assert.throws(() => new RealFft(1000), RangeError);
});

test("a full-scale sine on a bin is 0 dB at its frequency, in every column inside it", () => {
  const spectrogram = computeSpectrogram(tone(125, 8000, 8000));
  assert.equal(spectrogram.columns, 101);
  assert.equal(spectrogram.bins, 129);
  for (let c = 10; c < 90; c += 1) {
    const values = column(spectrogram, c);
    assert.equal(spectrogram.hzOfBin[loudest(values)], 125);
    near(Math.max(...values), 0, 0.05);
  }
});

test("a column stands where its sound is", () => {
  const samples = new Float32Array(8000);
  samples.set(tone(200, 8000, 400), 4000);
  const spectrogram = computeSpectrogram(samples);
  const powerAt = (c) => Math.max(...column(spectrogram, c));
  const middle = loudest(Float32Array.from({ length: spectrogram.columns }, (_, c) => powerAt(c)));
  near(middle * spectrogram.hopS, 0.525, 0.011);
  assert.equal(powerAt(0), FLOOR_DB);
});

test("columns that arrive piece by piece are those of the whole", () => {
  const next = random(3);
  const samples = Float32Array.from({ length: 4000 }, () => 0.2 * next() - 0.1);
  const whole = new StreamingSpectrogram().push(samples);
  const pieces = new StreamingSpectrogram();
  const columns = [];
  for (let at = 0; at < samples.length; at += 171) columns.push(...pieces.push(samples.subarray(at, at + 171)));
  assert.deepEqual(columns, whole);
  assert.equal(columns.length, Math.floor((4000 - 512) / 80) + 1);
});

test("a gap is columns of null and keeps the clock", () => {
  const spectrogram = new StreamingSpectrogram();
  let columns = 0;
  let nulls = 0;
  for (let second = 0; second < 20; second += 1) {
    columns += spectrogram.push(new Float32Array(7000)).length;
    const gap = spectrogram.gap(1000);
    assert.ok(gap.every((entry) => entry === null));
    nulls += gap.length;
  }
  assert.equal(columns + nulls, 20 * 100);
});

test("mel and hertz are each other's inverse, linear below 1 kHz", () => {
  for (const hz of [0, 30, 999, 1000, 1001, 4000]) near(melToHz(hzToMel(hz)), hz, 1e-9 * Math.max(hz, 1));
  near(hzToMel(500), 7.5, 1e-12);
});

test("mel filters rise to 1 at their centre and cover the band together", () => {
  const { filters, centresHz } = melFilters({ rateHz: 8000, fftSize: 8192, mels: 32, maxHz: 2000 });
  const total = new Float64Array(4097);
  filters.forEach(({ first, weights }) => {
    near(Math.max(...weights), 1, 0.03);
    weights.forEach((weight, i) => {
      total[first + i] += weight;
    });
  });
  const binHz = 8000 / 8192;
  for (let bin = Math.ceil(centresHz[0] / binHz); bin * binHz < centresHz[31]; bin += 1) near(total[bin], 1, 1e-9);
});

test("a tone is loudest in the mel whose centre is nearest", () => {
  const mel = computeMelSpectrogram(tone(300, 8000, 8000), { mels: 40, maxHz: 1000 });
  const nearest = [...mel.hzOfBin].map((hz) => Math.abs(hz - 300));
  assert.equal(loudest(column(mel, 50)), nearest.indexOf(Math.min(...nearest)));
});

test("the range of levels rises at once, falls only for a clear change, and not below its lowest", () => {
  const range = new DbRange({ spanDb: 60, stepDb: 6, topDb: -36, lowestTopDb: -84 });
  assert.equal(range.follow(-20), true);
  assert.deepEqual([range.topDb, range.floorDb], [-18, -78]);
  assert.equal(range.follow(-26), false);
  assert.equal(range.follow(-31), true);
  assert.equal(range.topDb, -30);
  range.follow(-140);
  assert.equal(range.topDb, -84);
});
