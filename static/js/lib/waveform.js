/**
 * A scrolling waveform: the newest sample at the right edge, a grid each 0.2 s (each second stronger), gaps as tinted stretches.
 *
 * The drawing functions are pure but for the canvas context they draw on; WaveformView binds them to a canvas.
 */

import { PlotSurface } from "./plot-surface.js";

export const GRID_S = 0.2;
const QUIETEST_SHOWN = 1 / 512;

/**
 * Least and greatest sample of each bucket of `bucketSamples`. Buckets lie on multiples of their length since the stream's
 * start, so that a scrolling line keeps its shape. A bucket without samples is NaN.
 *
 * @param {{at: (index: number) => number}} ring
 * @returns {{first: number, low: Float32Array, high: Float32Array}} `first` is the index of the first bucket's first sample
 */
export function peaksOf(ring, from, to, bucketSamples) {
  const firstBucket = Math.floor(from / bucketSamples);
  const count = Math.max(0, Math.ceil(to / bucketSamples) - firstBucket);
  const low = new Float32Array(count).fill(NaN);
  const high = new Float32Array(count).fill(NaN);
  for (let bucket = 0; bucket < count; bucket += 1) {
    const start = (firstBucket + bucket) * bucketSamples;
    for (let i = Math.max(0, start); i < start + bucketSamples; i += 1) {
      const value = ring.at(i);
      if (Number.isNaN(value)) continue;
      if (!(value >= low[bucket])) low[bucket] = value;
      if (!(value <= high[bucket])) high[bucket] = value;
    }
  }
  return { first: firstBucket * bucketSamples, low, high };
}

/** The power of two that brings `peak` into the upper half of the plot, no more than 512. */
export function displayGain(peak) {
  return 2 ** Math.max(0, Math.floor(Math.log2(0.95 / Math.max(peak, QUIETEST_SHOWN))));
}

/** Vertical lines each GRID_S seconds of a window that ends at `endS`, and the line of zero. */
export function drawGrid(context, { width, height, seconds, endS, colours }) {
  const pixelsPerS = width / seconds;
  const startS = endS - seconds;
  context.lineWidth = 1;
  for (let line = Math.ceil(startS / GRID_S); line * GRID_S <= endS; line += 1) {
    if (line < 0) continue;
    const x = Math.round((line * GRID_S - startS) * pixelsPerS) + 0.5;
    context.strokeStyle = line % 5 === 0 ? colours.gridStrong : colours.grid;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, height);
    context.stroke();
  }
  context.strokeStyle = colours.gridStrong;
  context.beginPath();
  context.moveTo(0, Math.round(height / 2) + 0.5);
  context.lineTo(width, Math.round(height / 2) + 0.5);
  context.stroke();
}

/** The line itself, from peaksOf, scaled by `gain`; buckets without samples between others are filled with the gap's colour. */
export function drawPeaks(context, peaks, { bucketSamples, from, streamStart, streamEnd, width, height, samplesShown, gain, colours }) {
  const pixelsPerSample = width / samplesShown;
  const middle = height / 2;
  const step = bucketSamples * pixelsPerSample;
  const y = (value) => middle - Math.max(-1, Math.min(1, value * gain)) * (middle - 2);
  let drawing = false;
  context.strokeStyle = colours.wave;
  context.fillStyle = colours.gap;
  context.lineWidth = Math.max(1.25, step * 0.9);
  context.lineJoin = "round";
  context.beginPath();
  for (let bucket = 0; bucket < peaks.low.length; bucket += 1) {
    const index = peaks.first + bucket * bucketSamples;
    const x = (index - from) * pixelsPerSample;
    if (Number.isNaN(peaks.low[bucket])) {
      if (index >= streamStart && index < streamEnd) context.fillRect(x, 0, step + 0.5, height);
      drawing = false;
      continue;
    }
    if (drawing) context.lineTo(x, y(peaks.high[bucket]));
    else context.moveTo(x, y(peaks.high[bucket]));
    context.lineTo(x, y(peaks.low[bucket]));
    drawing = true;
  }
  context.stroke();
}

export class WaveformView {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{ring: object, rateHz?: number, seconds?: number, gain?: number | "auto", saysGain?: boolean}} options `ring` is a
   *   SampleRing; `gain` "auto" shows quiet sounds larger, by powers of two, and `saysGain` writes the factor into the corner
   */
  constructor(canvas, { ring, rateHz = 8000, seconds = 6, gain = "auto", saysGain = true }) {
    this.ring = ring;
    this.rateHz = rateHz;
    this.seconds = seconds;
    this.gain = gain;
    this.saysGain = saysGain;
    this.shownGain = 1;
    this.surface = new PlotSurface(canvas, () => this.draw());
    this.draw();
  }

  draw() {
    const { context, width, height, ratio, colours } = this.surface;
    const { ring, rateHz, seconds } = this;
    const samplesShown = seconds * rateHz;
    const from = ring.end - samplesShown;
    const bucketSamples = Math.max(1, Math.round(samplesShown / Math.max(1, width * Math.min(ratio, 2))));
    const peaks = peaksOf(ring, from, ring.end, bucketSamples);
    this.shownGain = this.gain === "auto" ? this.steadyGain(peaks) : this.gain;

    context.fillStyle = colours.plot;
    context.fillRect(0, 0, width, height);
    drawGrid(context, { width, height, seconds, endS: ring.end / rateHz, colours });
    drawPeaks(context, peaks, {
      bucketSamples, from, streamStart: ring.start, streamEnd: ring.end, width, height, samplesShown, gain: this.shownGain, colours,
    });
    if (this.saysGain && ring.end > 0) this.drawGain();
  }

  drawGain() {
    const { context, colours } = this.surface;
    context.fillStyle = colours.text;
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "top";
    context.fillText(`amplitude × ${this.shownGain}`, 6, 5);
  }

  /** Grows only after the loud part has left the window, shrinks at once: a picture that breathes is hard to read. */
  steadyGain({ low, high }) {
    let peak = 0;
    for (let i = 0; i < low.length; i += 1) {
      if (!Number.isNaN(low[i])) peak = Math.max(peak, -low[i], high[i]);
    }
    return peak > 0 ? displayGain(peak) : this.shownGain;
  }

  close() {
    this.surface.close();
  }
}
