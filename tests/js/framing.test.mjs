import assert from "node:assert/strict";
import { test } from "node:test";

import { encodeFrame, FrameCutter, FrameError, HEADER_BYTES, parseFrame, pcmBytes, toFloat32, toPcm16 } from "../../static/js/lib/framing.js";

test("a frame's bytes are the protocol's, in order", () => {
  const buffer = encodeFrame({ epoch: 0x01020304, seq: 0x0a0b0c0d, sampleIndex: 5 * 2 ** 32 + 7, pcm: Int16Array.of(1, -2) });
  assert.deepEqual([...new Uint8Array(buffer)], [
    1, 1, 2, 0,
    4, 3, 2, 1,
    0x0d, 0x0c, 0x0b, 0x0a,
    7, 0, 0, 0, 5, 0, 0, 0,
    1, 0, 0xfe, 0xff,
  ]);
});

test("what is encoded is parsed again, up to the largest index and count", () => {
  for (const [sampleIndex, count] of [[0, 1], [800, 800], [2 ** 32 - 1, 3], [Number.MAX_SAFE_INTEGER, 65535]]) {
    const frame = { epoch: 4294967295, seq: 12, sampleIndex, pcm: Int16Array.from({ length: count }, (_, i) => i - 32768) };
    assert.deepEqual(parseFrame(encodeFrame(frame)), frame);
  }
});

test("a frame that is not whole or not ours is refused", () => {
  const good = encodeFrame({ epoch: 1, seq: 0, sampleIndex: 0, pcm: new Int16Array(10) });
  const changed = (at, value) => {
    const bytes = new Uint8Array(good.slice(0));
    bytes[at] = value;
    return bytes.buffer;
  };
  for (const bad of [new ArrayBuffer(0), good.slice(0, HEADER_BYTES - 1), good.slice(0, -1), changed(0, 2), changed(1, 9), changed(2, 11)]) {
    assert.throws(() => parseFrame(bad), FrameError);
  }
});

test("an empty frame, one too long and a broken index are not sent", () => {
  const frame = { epoch: 1, seq: 0, sampleIndex: 0, pcm: new Int16Array(1) };
  assert.throws(() => encodeFrame({ ...frame, pcm: new Int16Array(0) }), FrameError);
  assert.throws(() => encodeFrame({ ...frame, pcm: new Int16Array(65536) }), FrameError);
  assert.throws(() => encodeFrame({ ...frame, sampleIndex: 0.5 }), FrameError);
});

test("floats become int16 by rounding, and stay inside its range", () => {
  assert.deepEqual([...toPcm16(Float32Array.of(0, 1, -1, 1.5, -7, 0.5, 1 / 65536, NaN))], [0, 32767, -32768, 32767, -32768, 16384, 1, 0]);
  assert.deepEqual([...toFloat32(Int16Array.of(0, -32768, 16384))], [0, -1, 0.5]);
});

test("int16 survives the way to float and back", () => {
  const every = Int16Array.from({ length: 65536 }, (_, i) => i - 32768);
  assert.deepEqual(toPcm16(toFloat32(every)), every);
});

test("samples are little-endian in bytes", () => {
  assert.deepEqual([...pcmBytes(Int16Array.of(0x0102, -1))], [2, 1, 255, 255]);
});

test("the cutter keeps every sample, in order, in frames of one length", () => {
  const cutter = new FrameCutter(800);
  const sound = Int16Array.from({ length: 2500 }, (_, i) => i);
  const frames = [];
  for (let at = 0; at < sound.length; at += 171) frames.push(...cutter.push(sound.subarray(at, at + 171)));
  assert.deepEqual(frames.map((frame) => frame.length), [800, 800, 800]);
  frames.push(...cutter.flush());
  assert.deepEqual(frames.flatMap((frame) => [...frame]), [...sound]);
  assert.deepEqual(cutter.flush(), []);
});
