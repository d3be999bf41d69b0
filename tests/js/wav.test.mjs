import assert from "node:assert/strict";
import { test } from "node:test";

import { encodeWav, parseWav, WavError } from "../../static/js/lib/wav.js";

test("a file that is written is read again", () => {
  const buffer = encodeWav([Int16Array.of(0, 16384), Int16Array.of(-32768)], 8000);
  assert.equal(buffer.byteLength, 44 + 6);
  const { rateHz, channels, samples } = parseWav(buffer);
  assert.deepEqual([rateHz, channels, ...samples], [8000, 1, 0, 0.5, -1]);
});

test("the header says what any player expects", () => {
  const view = new DataView(encodeWav([new Int16Array(800)], 8000));
  assert.equal(view.getUint32(4, true), 36 + 1600);
  assert.equal(view.getUint16(22, true), 1);
  assert.equal(view.getUint32(24, true), 8000);
  assert.equal(view.getUint32(28, true), 16000);
  assert.equal(view.getUint16(34, true), 16);
  assert.equal(view.getUint32(40, true), 1600);
});

test("chunks before the sound are stepped over, odd lengths included", () => {
  const plain = new Uint8Array(encodeWav([Int16Array.of(100, 200)], 4000));
  const note = [...new TextEncoder().encode("LIST"), 3, 0, 0, 0, 1, 2, 3, 0];
  const { rateHz, samples } = parseWav(Uint8Array.from([...plain.subarray(0, 36), ...note, ...plain.subarray(36)]).buffer);
  assert.equal(rateHz, 4000);
  assert.deepEqual([...samples], [100 / 32768, 200 / 32768]);
});

test("a length the file does not have is not believed", () => {
  const buffer = encodeWav([Int16Array.of(1, 2, 3)], 8000);
  new DataView(buffer).setUint32(40, 2 ** 31, true);
  assert.equal(parseWav(buffer).samples.length, 3);
});

test("what is no PCM16 WAV is refused", () => {
  const eightBit = encodeWav([new Int16Array(4)], 8000);
  new DataView(eightBit).setUint16(34, 8, true);
  const noSound = encodeWav([], 8000).slice(0, 36);
  for (const bad of [new ArrayBuffer(0), new TextEncoder().encode("just some text, nothing more").buffer, eightBit, noSound]) {
    assert.throws(() => parseWav(bad), WavError);
  }
});
