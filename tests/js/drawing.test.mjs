import assert from "node:assert/strict";
import { test } from "node:test";

import { magma, paintSpectrogram, rgbToLab, stepOf, viridis } from "../../static/js/lib/colormap.js";
import { SampleRing } from "../../static/js/lib/ring-buffer.js";
import { displayGain, drawPeaks, peaksOf } from "../../static/js/lib/waveform.js";

for (const [name, table] of Object.entries({ magma, viridis })) {
  test(`${name}: lightness grows with every step, in even steps`, () => {
    const lightness = Array.from({ length: 256 }, (_, step) => rgbToLab([...table.subarray(3 * step, 3 * step + 3)])[0]);
    const even = (lightness[255] - lightness[0]) / 255;
    for (let step = 8; step < 256; step += 1) {
      const slope = (lightness[step] - lightness[step - 8]) / 8;
      assert.ok(slope > 0.6 * even && slope < 1.5 * even, `step ${step}: ${slope.toFixed(3)} beside ${even.toFixed(3)}`);
    }
  });
}

test("the ends of magma are the published ones", () => {
  assert.deepEqual([...magma.subarray(0, 3)], [0, 0, 4]);
  assert.deepEqual([...magma.subarray(765)], [252, 253, 191]);
});

test("levels outside the range take the end's colour", () => {
  assert.equal(stepOf(-200, -100, -20), 0);
  assert.equal(stepOf(0, -100, -20), 255);
  assert.equal(stepOf(-60, -100, -20), 128);
});

test("a painted spectrogram has low frequencies at the bottom", () => {
  const { width, height, rgba } = paintSpectrogram({ columns: 2, bins: 2, db: Float32Array.of(0, -100, -100, -100) }, { floorDb: -100, topDb: 0 });
  assert.deepEqual([width, height], [2, 2]);
  const pixel = (x, y) => [...rgba.subarray(4 * (y * 2 + x), 4 * (y * 2 + x) + 4)];
  assert.deepEqual(pixel(0, 1), [252, 253, 191, 255]);
  assert.deepEqual(pixel(0, 0), [0, 0, 4, 255]);
  assert.deepEqual(pixel(1, 1), [0, 0, 4, 255]);
});

test("peaks lie on multiples of the bucket, and a bucket without samples is a gap", () => {
  const ring = new SampleRing(100);
  ring.write(Float32Array.of(1, -1, 0.5, 0.25), 0);
  ring.write(Float32Array.of(-0.5), 12);
  const { first, low, high } = peaksOf(ring, 1, 13, 4);
  assert.equal(first, 0);
  assert.deepEqual([...low], [-1, NaN, NaN, -0.5]);
  assert.deepEqual([...high], [1, NaN, NaN, -0.5]);
});

test("gaps inside the stream are filled, what lies before it is not", () => {
  const ring = new SampleRing(100);
  ring.write(Float32Array.of(1, 1, 1, 1), 0);
  ring.write(Float32Array.of(1, 1, 1, 1), 8);
  const filled = [];
  const context = {
    beginPath() {}, moveTo() {}, lineTo() {}, stroke() {},
    fillRect: (x, y, width, height) => filled.push([x, y, width, height]),
  };
  drawPeaks(context, peaksOf(ring, -8, 12, 4), {
    bucketSamples: 4, from: -8, streamStart: 0, streamEnd: 12, width: 200, height: 50, samplesShown: 20, gain: 1, colours: {},
  });
  assert.deepEqual(filled, [[120, 0, 40.5, 50]]);
});

test("the display's gain is a power of two that never pushes the peak out", () => {
  for (const peak of [1, 0.6, 0.3, 0.1, 0.013, 0.003]) {
    const gain = displayGain(peak);
    assert.equal(Math.log2(gain) % 1, 0);
    assert.ok(gain * peak <= 1, `${peak} becomes ${gain * peak}`);
    assert.ok(gain === 1 || gain * peak > 0.475);
  }
  assert.equal(displayGain(0), 256);
});
