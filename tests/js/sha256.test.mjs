import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { Sha256 } from "../../static/js/lib/sha256.js";
import { random } from "./signals.mjs";

const reference = (bytes) => createHash("sha256").update(bytes).digest("hex");
const next = random(7);
const bytes = Uint8Array.from({ length: 5000 }, () => Math.floor(256 * next()));

test("every length around the block's edges agrees with the platform's digest", () => {
  for (let length = 0; length <= 200; length += 1) {
    assert.equal(new Sha256().update(bytes.subarray(0, length)).hex(), reference(bytes.subarray(0, length)), `${length} bytes`);
  }
});

test("pieces of any size give the digest of the whole", () => {
  for (const size of [1, 3, 63, 64, 65, 1600]) {
    const hash = new Sha256();
    for (let at = 0; at < bytes.length; at += size) hash.update(bytes.subarray(at, at + size));
    assert.equal(hash.hex(), reference(bytes));
  }
});

test("asking for the digest does not end it", () => {
  const hash = new Sha256().update(bytes.subarray(0, 100));
  assert.equal(hash.hex(), reference(bytes.subarray(0, 100)));
  assert.equal(hash.hex(), reference(bytes.subarray(0, 100)));
  assert.equal(hash.update(bytes.subarray(100)).hex(), reference(bytes));
});
