import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { ByteBudget } from "../../static/js/lib/byte-budget.js";
import { Outbox } from "../../static/js/lib/outbox.js";
import { randomUuid } from "../../static/js/lib/uuid.js";

const frame = (value, count = 4) => new Int16Array(count).fill(value);

function outboxOf(count) {
  const outbox = new Outbox("r1");
  for (let i = 0; i < count; i += 1) outbox.add(frame(i));
  return outbox;
}

function sendAll(outbox, credit) {
  const seqs = [];
  for (let next = outbox.peek(credit); next; next = outbox.peek(credit)) {
    seqs.push(next.seq);
    outbox.sent();
  }
  return seqs;
}

test("no more than the credit goes out before an acknowledgement", () => {
  const outbox = outboxOf(10);
  assert.deepEqual(sendAll(outbox, 3), [0, 1, 2]);
  outbox.acknowledge(0);
  assert.deepEqual(sendAll(outbox, 3), [3]);
  outbox.acknowledge(9);
  assert.equal(outbox.waitingSamples, 0);
});

test("everything unacknowledged is sent again from where the server wants it", () => {
  const outbox = outboxOf(6);
  sendAll(outbox, 50);
  outbox.acknowledge(1);
  assert.equal(outbox.waitingSamples, 16);
  outbox.resumeFrom(3);
  assert.deepEqual(sendAll(outbox, 50), [3, 4, 5]);
  outbox.resumeFrom(1);
  assert.deepEqual(sendAll(outbox, 50), [1, 2, 3, 4, 5]);
});

test("an acknowledgement of what was not sent yet, or an old one, moves nothing backwards", () => {
  const outbox = outboxOf(5);
  sendAll(outbox, 50);
  outbox.acknowledge(3);
  outbox.acknowledge(1);
  assert.equal(outbox.ackedSeq, 3);
  outbox.acknowledge(100);
  assert.equal(outbox.ackedSeq, 4);
});

test("the summary counts and hashes all that was captured", () => {
  const outbox = outboxOf(3);
  outbox.finish();
  const bytes = Buffer.from(Int16Array.of(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2).buffer);
  assert.deepEqual(outbox.summary, { recording: "r1", frames: 3, samples: 12, sha256: createHash("sha256").update(bytes).digest("hex") });
  assert.throws(() => outbox.add(frame(1)), /finished/);
});

test("a jump of the index is silence in the file, and going back is an error", () => {
  const outbox = new Outbox("r1");
  outbox.add(frame(1, 2));
  outbox.add(frame(2, 2), 5);
  assert.deepEqual(outbox.pcmChunks.flatMap((chunk) => [...chunk]), [1, 1, 0, 0, 0, 2, 2]);
  assert.throws(() => outbox.add(frame(3), 6), RangeError);
  assert.equal(outbox.samples, 4);
});

test("sent again as another recording, it starts from the first frame with the same hash", () => {
  const outbox = outboxOf(3);
  outbox.finish();
  const { sha256 } = outbox.summary;
  sendAll(outbox, 50);
  outbox.acknowledge(2);
  outbox.restartAs("r2");
  assert.deepEqual(sendAll(outbox, 50), [0, 1, 2]);
  assert.deepEqual([outbox.summary.recording, outbox.summary.sha256], ["r2", sha256]);
});

test("the byte budget lets a burst through and then the rate", () => {
  const budget = new ByteBudget({ bytesPerS: 1000, burstBytes: 500, nowMs: 0 });
  assert.equal(budget.take(500, 0), 0);
  assert.equal(budget.take(100, 0), 100);
  assert.equal(budget.take(100, 100), 0);
  assert.equal(budget.take(500, 100000), 0);
  assert.equal(budget.take(1, 100000), 1);
});

test("a UUID has the form of version 4 and takes its bits from the source", () => {
  assert.equal(randomUuid((bytes) => bytes.fill(255)), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  assert.notEqual(randomUuid(), randomUuid());
});
