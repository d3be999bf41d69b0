import assert from "node:assert/strict";
import { test } from "node:test";

import { encodeFrame } from "../../static/js/lib/framing.js";
import { JitterSchedule } from "../../static/js/lib/jitter-schedule.js";
import { MonitorClient, socketUrl } from "../../static/js/lib/monitor-client.js";
import { eventsOf, FakeTimers, socketMaker } from "./fake-socket.mjs";

function opened() {
  const timers = new FakeTimers();
  const maker = socketMaker();
  const client = new MonitorClient({ url: "ws://x/ws/monitor/s/", openSocket: maker.open, timers });
  const events = eventsOf(client, ["connection", "welcome", "take", "audio", "analysis", "stored"]);
  client.open();
  maker.last().accept();
  return { timers, maker, client, events };
}

test("messages come out under their type, unknown ones do not", () => {
  const { maker, events } = opened();
  maker.last().say({ type: "welcome", version: 1, phone: { state: "waiting" }, take: null });
  maker.last().say({ type: "from_the_future" });
  maker.last().say({ type: "take", recording: "r", number: 2 });
  assert.deepEqual(events.map(([type]) => type), ["connection", "connection", "welcome", "take"]);
});

test("a frame is floats with the take's number and its place", () => {
  const { maker, events } = opened();
  maker.last().say(encodeFrame({ epoch: 3, seq: 9, sampleIndex: 7200, pcm: Int16Array.of(16384, -32768) }));
  const [type, audio] = events[events.length - 1];
  assert.equal(type, "audio");
  assert.deepEqual({ ...audio, samples: [...audio.samples] }, { take: 3, seq: 9, sampleIndex: 7200, samples: [0.5, -1] });
});

test("it never speaks, and comes back after a loss", () => {
  const { timers, maker, events } = opened();
  timers.advance(60000);
  assert.deepEqual(maker.last().sent, []);
  maker.last().drop();
  assert.deepEqual(events[events.length - 1], ["connection", { state: "lost", attempt: 1, code: 1006 }]);
  timers.advance(400);
  maker.last().accept();
  assert.deepEqual(events[events.length - 1], ["connection", { state: "open" }]);
});

test("a session that is not ours ends it", () => {
  const { timers, maker, events } = opened();
  maker.last().drop(4404);
  timers.advance(60000);
  assert.deepEqual(events[events.length - 1], ["connection", { state: "closed", code: 4404 }]);
  assert.equal(maker.sockets.length, 1);
});

test("a socket's address follows the page's", () => {
  assert.equal(socketUrl("/ws/x/", { protocol: "https:", host: "clinic.local:8443" }), "wss://clinic.local:8443/ws/x/");
  assert.equal(socketUrl("/ws/x/", { protocol: "http:", host: "127.0.0.1:8000" }), "ws://127.0.0.1:8000/ws/x/");
});

test("pieces are placed back to back behind a cushion", () => {
  const schedule = new JitterSchedule({ cushionS: 0.1, mostS: 0.5 });
  assert.equal(schedule.place(0.1, 5), 5.1);
  assert.ok(Math.abs(schedule.place(0.1, 5.02) - 5.2) < 1e-9);
});

test("after a stall it starts behind a new cushion, and drops what would lag too far", () => {
  const schedule = new JitterSchedule({ cushionS: 0.1, mostS: 0.5 });
  schedule.place(0.1, 5);
  assert.equal(schedule.place(0.1, 8), 8.1);
  const placed = Array.from({ length: 10 }, () => schedule.place(0.1, 8)).filter((start) => start !== null);
  assert.ok(Math.max(...placed) <= 8.5 + 1e-9);
  assert.equal(schedule.place(0.1, 8), null);
  assert.notEqual(schedule.place(0.1, 8.3), null);
});
