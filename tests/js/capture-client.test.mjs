import assert from "node:assert/strict";
import { test } from "node:test";

import { CaptureClient } from "../../static/js/lib/capture-client.js";
import { parseFrame } from "../../static/js/lib/framing.js";
import { eventsOf, FakeTimers, socketMaker } from "./fake-socket.mjs";

const WELCOME = {
  type: "welcome", version: 1, epoch: 7, credential: "secret", session: { id: "s" }, consent: null, consent_wording: {}, credit: 3,
  max_bytes_per_s: 256000, takes: 0, resume: null,
};
const START = { recording: "r1", site: "mitral", posture: "", nativeRateHz: 48000, trackSettings: {}, deviceLabel: "mic", clientTimeMs: 1 };

function connected(welcome = {}) {
  const timers = new FakeTimers();
  const maker = socketMaker();
  let made = 0;
  const newUuid = () => {
    made += 1;
    return `again-${made}`;
  };
  const client = new CaptureClient({ url: "ws://x/ws/capture/", client: { page: 1 }, openSocket: maker.open, timers, newUuid });
  const events = eventsOf(client, ["welcome", "consented", "started", "stored", "settings", "refused", "lost", "closed"]);
  client.connect({ token: "t" });
  maker.last().accept();
  maker.last().say({ ...WELCOME, ...welcome });
  return { timers, maker, client, events };
}

function recording(welcome) {
  const context = connected(welcome);
  context.client.startTake(START);
  context.maker.last().say({ type: "started", recording: "r1" });
  return context;
}

function reconnect({ timers, maker }, welcome) {
  maker.last().drop();
  timers.advance(400);
  maker.last().accept();
  maker.last().say({ ...WELCOME, credential: undefined, epoch: 8, ...welcome });
}

const frame = (value) => new Int16Array(800).fill(value);
const addFrames = (client, count) => {
  for (let i = 0; i < count; i += 1) client.addFrame(frame(i));
};
const seqs = (socket) => socket.frames.map((buffer) => parseFrame(buffer).seq);
const types = (socket) => socket.messages.map(({ type }) => type);
const last = (list) => list[list.length - 1];

test("the token goes into the first message, the credential into those of later connections", () => {
  const context = connected();
  assert.deepEqual(context.maker.sockets[0].messages, [{ type: "hello", versions: [1], token: "t", client: { page: 1 } }]);
  reconnect(context, {});
  assert.equal(last(context.maker.sockets).messages[0].credential, "secret");
  assert.equal("token" in last(context.maker.sockets).messages[0], false);
});

test("frames wait for started, carry the epoch, and go out as credit allows", () => {
  const { maker, client } = connected();
  client.startTake(START);
  addFrames(client, 2);
  const socket = maker.last();
  assert.deepEqual(seqs(socket), []);
  socket.say({ type: "started", recording: "r1" });
  addFrames(client, 4);
  assert.deepEqual(seqs(socket), [0, 1, 2]);
  assert.deepEqual(socket.frames.map((buffer) => parseFrame(buffer)).map(({ epoch, sampleIndex }) => [epoch, sampleIndex]), [[7, 0], [7, 800], [7, 1600]]);
  socket.say({ type: "ack", recording: "r1", seq: 1, samples: 1600, credit: 3 });
  assert.deepEqual(seqs(socket), [0, 1, 2, 3, 4]);
});

test("the stop follows the last frame and tells what was sent", () => {
  const { maker, client, events } = recording();
  addFrames(client, 5);
  client.finishTake();
  const socket = maker.last();
  assert.deepEqual(types(socket), ["hello", "start"]);
  socket.say({ type: "ack", recording: "r1", seq: 4, samples: 4000, credit: 3 });
  const stop = last(socket.messages);
  assert.deepEqual([stop.type, stop.recording, stop.frames, stop.samples, stop.sha256.length], ["stop", "r1", 5, 4000, 64]);
  socket.say({ type: "stored", recording: "r1", samples: 4000, gaps: [], sha256: stop.sha256, match: true });
  assert.equal(last(events)[0], "stored");
});

test("after a loss it goes on where the server is, under the new epoch, with no new start", () => {
  const context = recording();
  addFrames(context.client, 3);
  context.maker.last().say({ type: "ack", recording: "r1", seq: 0, samples: 800, credit: 3 });
  context.maker.last().drop();
  addFrames(context.client, 4);
  context.timers.advance(400);
  const socket = context.maker.last();
  socket.accept();
  socket.say({ ...WELCOME, epoch: 8, credit: 50, resume: { recording: "r1", next_seq: 2, next_sample: 1600 } });
  assert.deepEqual(types(socket), ["hello"]);
  assert.deepEqual(seqs(socket), [2, 3, 4, 5, 6]);
  assert.ok(socket.frames.every((buffer) => parseFrame(buffer).epoch === 8));
});

test("a start whose answer was lost is sent again", () => {
  const context = connected();
  context.client.startTake(START);
  addFrames(context.client, 1);
  reconnect(context, {});
  assert.deepEqual(context.maker.last().messages.map(({ type, recording: id }) => [type, id]), [["hello", undefined], ["start", "r1"]]);
  context.maker.last().say({ type: "started", recording: "r1" });
  assert.deepEqual(seqs(context.maker.last()), [0]);
});

test("a stop whose answer was lost is sent again and not the sound", () => {
  const context = recording();
  addFrames(context.client, 2);
  context.client.finishTake();
  reconnect(context, {});
  assert.deepEqual(types(context.maker.last()), ["hello", "stop"]);
  context.maker.last().say({ type: "stored", recording: "r1", samples: 1600, gaps: [], sha256: "", match: true });
  assert.equal(last(context.events)[0], "stored");
  assert.deepEqual(seqs(context.maker.last()), []);
});

test("a recording that the server closed meanwhile is sent again whole, as another one", () => {
  const context = recording();
  addFrames(context.client, 3);
  context.maker.last().say({ type: "ack", recording: "r1", seq: 2, samples: 2400, credit: 3 });
  reconnect(context, { resume: null, credit: 50 });
  const socket = context.maker.last();
  assert.deepEqual([last(socket.messages).type, last(socket.messages).recording], ["start", "again-1"]);
  socket.say({ type: "started", recording: "again-1" });
  addFrames(context.client, 1);
  context.client.finishTake();
  assert.deepEqual(seqs(socket), [0, 1, 2, 3]);
  assert.equal(last(socket.messages).recording, "again-1");
});

test("what was stored with another hash is sent again once, then reported", () => {
  const { maker, client, events } = recording({ credit: 50 });
  addFrames(client, 2);
  client.finishTake();
  const socket = maker.last();
  for (const id of ["r1", "again-1"]) {
    assert.deepEqual([last(socket.messages).type, last(socket.messages).recording], ["stop", id]);
    socket.say({ type: "stored", recording: id, samples: 1, gaps: [], sha256: "", match: false });
    if (id === "r1") socket.say({ type: "started", recording: last(socket.messages).recording });
  }
  assert.deepEqual(events.filter(([type]) => type === "stored").map(([, message]) => [message.recording, message.match]), [["again-1", false]]);
});

test("catching up keeps under the server's byte rate", () => {
  const context = recording({ credit: 1000, max_bytes_per_s: 23200 });
  const bytesPerS = 0.7 * 23200;
  addFrames(context.client, 40);
  const sentBytes = () => context.maker.last().frames.reduce((sum, buffer) => sum + buffer.byteLength, 0);
  assert.ok(sentBytes() <= bytesPerS);
  for (let second = 1; second <= 5; second += 1) {
    context.timers.advance(1000);
    context.maker.last().say({ type: "pong" });
    assert.ok(sentBytes() <= bytesPerS * (second + 1), `${sentBytes()} bytes after ${second} s`);
  }
  assert.deepEqual(seqs(context.maker.last()), [...Array(40).keys()]);
});

test("sound recorded without a network is all there when it comes back", () => {
  const context = recording({ credit: 50 });
  context.maker.last().drop();
  addFrames(context.client, 170);
  context.client.finishTake();
  context.timers.advance(400);
  const socket = context.maker.last();
  socket.accept();
  socket.say({ ...WELCOME, epoch: 9, credit: 50, resume: { recording: "r1", next_seq: 0, next_sample: 0 } });
  for (let acked = 49; acked < 220; acked += 50) {
    socket.say({ type: "ack", recording: "r1", seq: Math.min(acked, 169), samples: 0, credit: 50 });
    context.timers.advance(2000);
    socket.say({ type: "pong" });
  }
  assert.deepEqual(seqs(socket), [...Array(170).keys()]);
  assert.deepEqual([last(socket.messages).frames, last(socket.messages).samples], [170, 136000]);
});

test("an acknowledgement of another recording changes nothing", () => {
  const { maker, client } = recording();
  addFrames(client, 5);
  maker.last().say({ type: "ack", recording: "other", seq: 4, samples: 0, credit: 3 });
  assert.deepEqual(seqs(maker.last()), [0, 1, 2]);
});

test("an error is told with the end it causes; one that is not fatal ends the take alone", () => {
  const { maker, events } = connected();
  maker.last().say({ type: "error", code: "session.ended", message: "Over.", fatal: true });
  maker.last().drop(4410);
  assert.deepEqual(last(events), ["closed", { code: 4410, error: { code: "session.ended", message: "Over." } }]);

  const other = recording();
  other.maker.last().say({ type: "error", code: "recording.taken", message: "No.", fatal: false });
  assert.deepEqual(last(other.events), ["refused", { code: "recording.taken", message: "No." }]);
  reconnect(other, {});
  assert.deepEqual(types(other.maker.last()), ["hello"]);
});

test("revoked is known by its message, and unknown types are ignored", () => {
  const { maker, events } = connected();
  maker.last().say({ type: "toString" });
  maker.last().say({ type: "new_thing" });
  maker.last().say({ type: "revoked" });
  maker.last().drop(4410);
  assert.equal(last(events)[1].error.code, "phone.revoked");
});

test("a code that was refused is not tried again, a server that is full is", () => {
  const refused = connected();
  refused.maker.last().say({ type: "error", code: "pairing.slow_down", message: "Wait.", fatal: true });
  refused.maker.last().drop(1013);
  refused.timers.advance(60000);
  assert.equal(refused.maker.sockets.length, 1);
  assert.equal(last(refused.events)[0], "closed");

  const full = connected();
  full.maker.last().say({ type: "error", code: "spool.disk_full", message: "Full.", fatal: true });
  full.maker.last().drop(1011);
  full.timers.advance(1000);
  assert.equal(full.maker.sockets.length, 2);
});

test("a repeated stored does not end the take that has begun since", () => {
  const { maker, client, events } = recording({ credit: 50 });
  addFrames(client, 1);
  client.finishTake();
  const stored = { type: "stored", recording: "r1", samples: 800, gaps: [], sha256: "", match: true };
  maker.last().say(stored);
  client.startTake({ ...START, recording: "r2" });
  maker.last().say({ type: "started", recording: "r2" });
  maker.last().say(stored);
  assert.equal(events.filter(([type]) => type === "stored").length, 1);
  addFrames(client, 2);
  assert.deepEqual(seqs(maker.last()), [0, 0, 1]);
});
