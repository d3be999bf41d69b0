import assert from "node:assert/strict";
import test from "node:test";

import { formatTime, Timeline } from "../../static/js/lib/viewer/timeline.js";

test("the whole sound is shown at first, and positions and times are inverse", () => {
  const line = new Timeline(15, 900);
  assert.equal(line.toPx(7.5), 450);
  assert.equal(line.toTime(450), 7.5);
  assert.ok(line.isWhole);
});

test("zooming keeps the time under the pointer where it is", () => {
  const line = new Timeline(15, 900);
  const before = line.toTime(300);
  line.zoom(4, 300);
  assert.ok(Math.abs(line.toTime(300) - before) < 1e-9);
  assert.equal(line.spanS, 15 / 4);
});

test("neither zooming nor moving leaves the sound", () => {
  const line = new Timeline(10, 500);
  line.zoom(5, 0);
  line.moveBy(-3);
  assert.equal(line.startS, 0);
  line.moveTo(99);
  assert.equal(line.endS, 10);
  line.zoom(1e6, 500);
  assert.equal(line.spanS, 0.25);
  line.zoom(1e-6);
  assert.deepEqual([line.startS, line.spanS], [0, 10]);
});

test("a sound shorter than the closest zoom is shown whole", () => {
  const line = new Timeline(0.1, 500);
  line.zoom(10);
  assert.equal(line.spanS, 0.1);
});

test("labels never crowd, and grid lines vanish before they would", () => {
  const line = new Timeline(120, 900);
  const ticks = line.ticks(64);
  assert.ok(ticks.length <= 900 / 64 + 1);
  assert.deepEqual(line.multiples(0.2, 4), []);
  line.zoom(60);
  assert.ok(line.multiples(0.2, 4).length > 5);
});

test("following pages on when the playhead leaves the screen", () => {
  const line = new Timeline(60, 600);
  line.zoom(6, 0);
  line.follow(5);
  assert.equal(line.startS, 0);
  line.follow(10.5);
  assert.ok(line.startS > 9 && line.startS <= 10.5);
});

test("times are written as people read them", () => {
  assert.equal(formatTime(7.42, 0.1), "7.4");
  assert.equal(formatTime(67.5, 0.1), "1:07.5");
  assert.equal(formatTime(60, 1), "1:00");
});
