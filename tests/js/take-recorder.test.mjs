import assert from "node:assert/strict";
import { test } from "node:test";

import { Resampler } from "../../static/js/lib/resampler.js";
import { TakeRecorder } from "../../static/js/lib/take-recorder.js";
import { concatenate, decibels, fittedAmplitude, tone } from "./signals.mjs";

function record({ rateHz, totalSamples, blocks, finish = true }) {
  const frames = [];
  const shown = [];
  const recorder = new TakeRecorder({
    nativeRateHz: rateHz,
    totalSamples,
    onFrame: (pcm, sampleIndex) => frames.push({ pcm, sampleIndex }),
    onSamples: (samples, sampleIndex) => shown.push({ samples: samples.slice(), sampleIndex }),
  });
  blocks.forEach(([samples, frame]) => recorder.push(samples, frame));
  if (finish) recorder.finish();
  return { recorder, frames, shown };
}

/** `samples` as the microphone gives them: blocks of 1024 on a clock that began before. */
function blocksOf(samples, firstFrame = 5000) {
  const blocks = [];
  for (let at = 0; at < samples.length; at += 1024) blocks.push([samples.subarray(at, at + 1024), firstFrame + at]);
  return blocks;
}

for (const rateHz of [16000, 44100, 48000]) {
  test(`${rateHz} Hz: a take ends at its exact sample and keeps a tone's loudness`, () => {
    const { recorder, frames } = record({ rateHz, totalSamples: 17 * 8000, blocks: blocksOf(tone(60, rateHz, 18 * rateHz, 0.25)) });
    assert.equal(recorder.isFull, true);
    assert.deepEqual([...new Set(frames.map(({ pcm }) => pcm.length))], [800]);
    assert.deepEqual(frames.map(({ sampleIndex }) => sampleIndex), Array.from({ length: 170 }, (_, i) => 800 * i));
    const samples = Float32Array.from(concatenate(frames.map(({ pcm }) => pcm), Int16Array), (x) => x / 32768);
    const gain = decibels(fittedAmplitude(samples.subarray(800), 60, 8000) / 0.25);
    assert.ok(Math.abs(gain) < 0.1, `${gain} dB`);
  });
}

test("a take that is stopped early hands out its last, shorter frame", () => {
  const { frames } = record({ rateHz: 48000, totalSamples: 80000, blocks: blocksOf(tone(60, 48000, 48000 + 600)) });
  assert.equal(frames.reduce((sum, { pcm }) => sum + pcm.length, 0), 8100);
  assert.equal(frames[frames.length - 1].pcm.length, 100);
});

test("a jump of the microphone's clock is a jump of the index and nothing else", () => {
  const sound = tone(60, 48000, 96000, 0.5);
  const blocks = blocksOf(sound).filter(([, frame]) => frame < 5000 + 20 * 1024 || frame >= 5000 + 50 * 1024);
  const { frames } = record({ rateHz: 48000, totalSamples: 16000, blocks });
  const resumed = frames.findIndex(({ sampleIndex }, i) => i > 0 && sampleIndex !== frames[i - 1].sampleIndex + frames[i - 1].pcm.length);
  assert.equal(frames[resumed - 1].sampleIndex + frames[resumed - 1].pcm.length, Math.ceil((20 * 1024) / 6));
  assert.equal(frames[resumed].sampleIndex, Math.round((50 * 1024) / 6));
  const whole = new Resampler(48000).push(sound);
  const { sampleIndex, pcm } = frames[resumed];
  for (let i = 100; i < 700; i += 1) assert.ok(Math.abs(pcm[i] / 32768 - whole[sampleIndex + i]) < 0.01, `sample ${i}`);
});

test("what is shown is what is sent, with the same index", () => {
  const { frames, shown } = record({ rateHz: 44100, totalSamples: 4000, blocks: blocksOf(tone(60, 44100, 44100)) });
  assert.equal(shown.reduce((sum, { samples }) => sum + samples.length, 0), 4000);
  assert.equal(frames.reduce((sum, { pcm }) => sum + pcm.length, 0), 4000);
  shown.reduce((end, { samples, sampleIndex }) => {
    assert.equal(sampleIndex, end);
    return end + samples.length;
  }, 0);
});

test("after the end nothing more comes", () => {
  const { recorder, frames } = record({ rateHz: 48000, totalSamples: 8000, blocks: blocksOf(tone(60, 48000, 4800)) });
  const count = frames.length;
  recorder.push(tone(60, 48000, 48000), 9800);
  recorder.finish();
  assert.equal(frames.length, count);
});
