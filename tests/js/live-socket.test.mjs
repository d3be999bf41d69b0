import assert from "node:assert/strict";
import { test } from "node:test";

import { LiveSocket } from "../../static/js/lib/live-socket.js";
import { CloseCode, isFinalCode, MessageError, parseMessage } from "../../static/js/lib/messages.js";
import { eventsOf, FakeTimers, socketMaker } from "./fake-socket.mjs";

function opened(options = {}) {
  const timers = new FakeTimers();
  const maker = socketMaker();
  const socket = new LiveSocket({ url: "ws://x/", openSocket: maker.open, timers, random: () => 0.5, ...options });
  const events = eventsOf(socket, ["open", "text", "binary", "lost", "closed"]);
  socket.open();
  maker.last().accept();
  return { timers, maker, socket, events };
}

test("text and binary come out apart", () => {
  const { maker, events } = opened();
  const bytes = new ArrayBuffer(3);
  maker.last().say("hi");
  maker.last().say(bytes);
  assert.deepEqual(events, [["open", undefined], ["text", "hi"], ["binary", bytes]]);
});

test("it tries again with growing delays, up to five seconds, and from the shortest after it was let in", () => {
  const { timers, maker, socket, events } = opened();
  for (const delayMs of [250, 500, 1000, 2000, 4000, 5000, 5000]) {
    maker.last().drop();
    assert.equal(events[events.length - 1][1].delayMs, delayMs);
    const before = maker.sockets.length;
    timers.advance(delayMs - 1);
    assert.equal(maker.sockets.length, before);
    timers.advance(1);
    assert.equal(maker.sockets.length, before + 1);
  }
  maker.last().accept();
  socket.settle();
  maker.last().drop();
  assert.deepEqual(events[events.length - 1], ["lost", { attempt: 1, delayMs: 250, code: 1006 }]);
});

test("a final code ends it, a server's restart does not", () => {
  for (const code of [CloseCode.UNAUTHORISED, CloseCode.REVOKED, CloseCode.REPLACED, CloseCode.MALFORMED]) {
    const { timers, maker, events } = opened();
    maker.last().drop(code);
    timers.advance(60000);
    assert.deepEqual(events[events.length - 1], ["closed", { code }]);
    assert.equal(maker.sockets.length, 1);
  }
  for (const code of [1001, 1006, 1011, 1012, CloseCode.TRY_LATER, CloseCode.HELLO_TIMEOUT]) assert.equal(isFinalCode(code), false);
});

test("silence for three intervals of pings is a dead line; an answer keeps it alive", () => {
  const { timers, maker, events } = opened({ pingEveryMs: 4000 });
  const first = maker.last();
  for (let i = 0; i < 5; i += 1) {
    timers.advance(4000);
    first.say('{"type":"pong"}');
  }
  assert.equal(maker.sockets.length, 1);
  assert.equal(first.sent.length, 5);
  timers.advance(16000);
  assert.equal(events[events.length - 1][0], "lost");
  timers.advance(250);
  assert.equal(maker.sockets.length, 2);
});

test("an attempt that nobody answers is given up", () => {
  const timers = new FakeTimers();
  const maker = socketMaker();
  const socket = new LiveSocket({ url: "ws://x/", openSocket: maker.open, timers, random: () => 0.5 });
  const events = eventsOf(socket, ["lost"]);
  socket.open();
  timers.advance(8000);
  assert.equal(events.length, 1);
  assert.equal(maker.sockets[0].readyState, 3);
});

test("retryNow shortens a wait, once, and does nothing on an open line", () => {
  const { timers, maker, socket } = opened();
  socket.retryNow();
  assert.equal(maker.sockets.length, 1);
  maker.last().drop();
  socket.retryNow();
  assert.equal(maker.sockets.length, 2);
  timers.advance(1000);
  assert.equal(maker.sockets.length, 2);
});

test("after close nothing happens any more, also while waiting", () => {
  const { timers, maker, socket, events } = opened();
  maker.last().drop();
  const count = events.length;
  socket.close();
  timers.advance(60000);
  assert.equal(maker.sockets.length, 1);
  assert.equal(events.length, count);
  assert.equal(socket.send("x"), false);
});

test("what is no message is refused", () => {
  for (const text of ["", "{", "[]", "null", "3", '{"type":1}', "{}"]) assert.throws(() => parseMessage(text), MessageError);
  assert.deepEqual(parseMessage('{"type":"pong","t":1}'), { type: "pong", t: 1 });
});
