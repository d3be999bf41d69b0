import assert from "node:assert/strict";
import test from "node:test";

import { PeakPyramid } from "../../static/js/lib/viewer/peaks.js";
import { AXES, forAnalysis, levelAt, makeSpectrogram } from "../../static/js/lib/viewer/spectrogram-image.js";

const tone = (hz, rateHz, seconds, amplitude = 0.5) =>
  Float32Array.from({ length: rateHz * seconds }, (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / rateHz));

test("the pyramid finds the same extremes as a plain search, at every zoom", () => {
  const samples = Float32Array.from({ length: 50000 }, (_, i) => Math.sin(i * 0.7) * Math.sin(i * 0.0003));
  const pyramid = new PeakPyramid(samples);
  for (const [from, to] of [[0, 3], [100, 164], [0, 50000], [1024, 4096], [32768, 49152]]) {
    const [low, high] = pyramid.between(from, to);
    const stretch = samples.subarray(from, to);
    assert.ok(low <= Math.min(...stretch) + 1e-7 && high >= Math.max(...stretch) - 1e-7, `${from}-${to}`);
  }
  assert.deepEqual(pyramid.between(5, 6), [samples[5], samples[5]]);
  assert.deepEqual(pyramid.between(60000, 60010), [0, 0]);
});

for (const axis of ["mel", "log"]) {
  test(`a tone lies where the ${axis} axis says`, () => {
    const rateHz = 4000;
    const spectrogram = makeSpectrogram(tone(300, rateHz, 2), rateHz, { axis, maxHz: 1000 });
    const at = (hz) => levelAt(spectrogram, 1, AXES[axis].share(hz, 1000));
    assert.ok(at(300) > at(150) + 20 && at(300) > at(600) + 20, `${at(150)} ${at(300)} ${at(600)}`);
    assert.ok(Math.abs(AXES[axis].hz(AXES[axis].share(300, 1000), 1000) - 300) < 1e-6);
  });
}

test("the axis never reaches above what the recording holds", () => {
  assert.equal(makeSpectrogram(tone(100, 1000, 1), 1000, { axis: "mel", maxHz: 1000 }).reachHz, 500);
});

test("a ten-minute sound still fits a canvas", () => {
  const spectrogram = makeSpectrogram(new Float32Array(2000 * 600), 2000, { axis: "mel", maxHz: 1000 });
  assert.ok(spectrogram.columns <= 12001);
});

test("high rates come down to 8 kHz with the sound intact, low rates stay", () => {
  const { samples, rateHz } = forAnalysis(tone(200, 44100, 1), 44100);
  assert.equal(rateHz, 8000);
  assert.equal(samples.length, 8000);
  assert.ok(Math.abs(Math.max(...samples.subarray(1000, 7000)) - 0.5) < 0.01);
  assert.equal(forAnalysis(tone(200, 2000, 1), 2000).rateHz, 2000);
});
