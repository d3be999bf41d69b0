import assert from "node:assert/strict";
import { test } from "node:test";

import { Resampler } from "../../static/js/lib/resampler.js";
import { concatenate, decibels, fittedAmplitude, random, rms, tone } from "./signals.mjs";

const RATES_HZ = [16000, 22050, 44100, 48000, 96000];

function resample(samples, rateHz, { outputHz = 8000, blockLength = samples.length } = {}) {
  const resampler = new Resampler(rateHz, outputHz);
  const blocks = [];
  for (let at = 0; at < samples.length; at += blockLength) blocks.push(resampler.push(samples.subarray(at, at + blockLength)));
  blocks.push(resampler.flush());
  return concatenate(blocks);
}

/** The steady part: what the filter's start and end do to a sound that begins and ends at once is not its response. */
const steady = (samples) => samples.subarray(400, samples.length - 400);

for (const rateHz of RATES_HZ) {
  test(`${rateHz} Hz: flat within 0.1 dB from 25 Hz to 3 kHz`, () => {
    for (const frequencyHz of [25, 40, 100, 333, 1000, 2000, 2700, 3000]) {
      const out = steady(resample(tone(frequencyHz, rateHz, rateHz, 0.5), rateHz));
      const gain = decibels(fittedAmplitude(out, frequencyHz, 8000) / 0.5);
      assert.ok(Math.abs(gain) < 0.1, `${frequencyHz} Hz: ${gain.toFixed(3)} dB`);
    }
  });

  test(`${rateHz} Hz: nothing above 4 kHz folds back louder than -70 dB`, () => {
    for (const frequencyHz of [4010, 4300, 5000, 6100, 7000, 7950, 8050, 9000, 12000, 15950, 23000].filter((f) => f < rateHz / 2)) {
      const out = steady(resample(tone(frequencyHz, rateHz, rateHz, 1), rateHz));
      const left = decibels(rms(out) / Math.SQRT1_2);
      assert.ok(left < -70, `${frequencyHz} Hz: ${left.toFixed(1)} dB`);
    }
  });

  test(`${rateHz} Hz: any cutting into blocks gives the same samples`, () => {
    const next = random(rateHz);
    const noise = Float32Array.from({ length: 20000 }, () => 2 * next() - 1);
    const whole = resample(noise, rateHz);
    for (const blockLength of [1, 128, 1024, 4801]) assert.deepEqual(resample(noise, rateHz, { blockLength }), whole);
  });
}

test("60 s at each rate is exactly 480,000 samples, and a click in them stays in its place", () => {
  for (const rateHz of RATES_HZ) {
    const resampler = new Resampler(rateHz);
    const second = new Float32Array(rateHz);
    const lastSecond = new Float32Array(rateHz);
    lastSecond[rateHz / 2] = 1;
    const blocks = [];
    for (let s = 0; s < 60; s += 1) blocks.push(resampler.push(s === 59 ? lastSecond : second));
    blocks.push(resampler.flush());
    const out = concatenate(blocks);
    assert.equal(out.length, 480000);
    assert.equal(out.indexOf(Math.max(...out.subarray(472000))), 59.5 * 8000);
  }
});

test("a sound is not shifted in time", () => {
  const out = steady(resample(tone(100, 44100, 44100), 44100));
  const expected = tone(100, 8000, 8000).subarray(400, 7600);
  const error = rms(out.map((x, i) => x - expected[i]));
  assert.ok(error < 1e-3, `${error}`);
});

test("equal rates pass the sound through untouched", () => {
  const sound = tone(50, 8000, 4000);
  assert.deepEqual(resample(sound, 8000, { blockLength: 300 }), sound);
});

test("it goes up as well, for listening: 8 kHz to 48 kHz", () => {
  const out = resample(tone(200, 8000, 8000, 0.5), 8000, { outputHz: 48000, blockLength: 800 });
  assert.equal(out.length, 48000);
  const gain = decibels(fittedAmplitude(out.subarray(2400, 45600), 200, 48000) / 0.5);
  assert.ok(Math.abs(gain) < 0.1, `${gain}`);
});

test("an offset stays what it is, in every phase", () => {
  const out = steady(resample(new Float32Array(44100).fill(0.25), 44100));
  for (const x of out) assert.ok(Math.abs(x - 0.25) < 1e-6);
});

test("a rate that is no whole number is refused", () => {
  assert.throws(() => new Resampler(44100.5), RangeError);
  assert.throws(() => new Resampler(0), RangeError);
});
