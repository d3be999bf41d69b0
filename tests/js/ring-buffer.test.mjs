import assert from "node:assert/strict";
import { test } from "node:test";

import { SampleRing } from "../../static/js/lib/ring-buffer.js";

const values = (ring, from, to) => [...ring.read(from, to)];

test("it keeps the last samples and forgets older ones", () => {
  const ring = new SampleRing(4);
  ring.write(Float32Array.of(0, 1, 2));
  ring.write(Float32Array.of(3, 4, 5));
  assert.equal(ring.start, 2);
  assert.equal(ring.end, 6);
  assert.deepEqual(values(ring, 1, 7), [NaN, 2, 3, 4, 5, NaN]);
});

test("what never came is a gap, and a late block fills it", () => {
  const ring = new SampleRing(10);
  ring.write(Float32Array.of(1, 1), 0);
  ring.write(Float32Array.of(5, 5), 4);
  assert.deepEqual(values(ring, 0, 6), [1, 1, NaN, NaN, 5, 5]);
  ring.write(Float32Array.of(3, 3), 2);
  assert.deepEqual(values(ring, 0, 6), [1, 1, 3, 3, 5, 5]);
  assert.equal(ring.end, 6);
});

test("a gap longer than the ring leaves nothing of what was there before", () => {
  const ring = new SampleRing(4);
  ring.write(Float32Array.of(1, 2, 3, 4));
  ring.write(Float32Array.of(9), 100);
  assert.deepEqual(values(ring, 97, 101), [NaN, NaN, NaN, 9]);
});

test("a block longer than the ring leaves its end, one older than the ring leaves nothing", () => {
  const ring = new SampleRing(3);
  ring.write(Float32Array.of(1, 2, 3, 4, 5));
  assert.deepEqual(values(ring, 2, 5), [3, 4, 5]);
  ring.write(Float32Array.of(7, 8), 0);
  assert.deepEqual(values(ring, 2, 5), [3, 4, 5]);
});

test("clear starts the stream again", () => {
  const ring = new SampleRing(3);
  ring.write(Float32Array.of(1, 2, 3));
  ring.clear();
  assert.equal(ring.end, 0);
  assert.deepEqual(values(ring, 0, 1), [NaN]);
});
