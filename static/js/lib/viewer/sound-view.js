/**
 * A stored sound on one canvas: S1/S2 ticks, waveform and spectrogram on one time axis, with a playhead and a cursor.
 *
 * The view draws and reports where the pointer is; what that means (play, loop, zoom) is the page's business.
 */

import { PlotSurface } from "../plot-surface.js";
import { magma } from "../colormap.js";
import { PeakPyramid } from "./peaks.js";
import { AXES, forAnalysis, levelAt, makeSpectrogram } from "./spectrogram-image.js";
import { Timeline } from "./timeline.js";

const LEFT = 46;
const RIGHT = 34;
const TICKS_HEIGHT = 22;
const AXIS_HEIGHT = 22;
const GAP_HEIGHT = 10;
const WAVE_SHARE = 0.42;
const GRID_S = 0.2;
const FONT = "11px system-ui, sans-serif";
const FREQUENCIES_HZ = [20, 50, 100, 200, 500, 1000, 2000, 4000];

export class SoundView {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{samples: Float32Array, rateHz: number, gaps: number[][]}} sound `gaps` as [first sample, count]
   */
  constructor(canvas, { samples, rateHz, gaps = [] }) {
    this.rateHz = rateHz;
    this.gaps = gaps;
    this.peaks = new PeakPyramid(samples);
    this.analysed = forAnalysis(samples, rateHz);
    this.settings = { axis: "mel", maxHz: 1000 };
    this.marks = { s1: [], s2: [] };
    this.playheadS = 0;
    this.cursor = null;
    this.selection = null;
    this.surface = new PlotSurface(canvas, () => this.layout());
    this.timeline = new Timeline(samples.length / rateHz, Math.max(1, this.surface.width - LEFT - RIGHT));
    this.picture = document.createElement("canvas");
    this.setSpectrogram(this.settings);
  }

  get durationS() {
    return this.timeline.durationS;
  }

  layout() {
    this.timeline.widthPx = Math.max(1, this.surface.width - LEFT - RIGHT);
    this.draw();
  }

  setSpectrogram(settings) {
    this.settings = { ...this.settings, ...settings };
    this.spectrogram = makeSpectrogram(this.analysed.samples, this.analysed.rateHz, this.settings);
    const { width, height, rgba } = this.spectrogram.pixels;
    [this.picture.width, this.picture.height] = [width, height];
    this.picture.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
    this.draw();
  }

  /** @param {{s1: number[], s2: number[]}} marks seconds */
  setMarks(marks) {
    this.marks = marks;
    this.draw();
  }

  setPlayhead(timeS, follow = false) {
    this.playheadS = timeS;
    if (follow) this.timeline.follow(timeS);
    this.draw();
  }

  /** Pointer position on the canvas in CSS pixels, or null when it left. */
  setCursor(position) {
    this.cursor = position;
    this.draw();
  }

  setSelection(range) {
    this.selection = range;
    this.draw();
  }

  timeAt(x) {
    return this.timeline.toTime(x - LEFT);
  }

  plotX(x) {
    return x - LEFT;
  }

  /** What lies under a position: time, and frequency and level where the spectrogram is. */
  describe({ x, y }) {
    const { top, height } = this.rows().spectrogram;
    const timeS = this.timeAt(x);
    const share = 1 - (y - top) / height;
    if (share < 0 || share > 1) return { timeS };
    const hz = AXES[this.settings.axis].hz(share, this.spectrogram.reachHz);
    return { timeS, hz, db: levelAt(this.spectrogram, timeS, share) - this.spectrogram.topDb };
  }

  rows() {
    const free = this.surface.height - TICKS_HEIGHT - GAP_HEIGHT - AXIS_HEIGHT;
    const wave = Math.round(free * WAVE_SHARE);
    return {
      wave: { top: TICKS_HEIGHT, height: wave },
      spectrogram: { top: TICKS_HEIGHT + wave + GAP_HEIGHT, height: free - wave },
    };
  }

  draw() {
    if (!this.spectrogram) return;
    const { context, width, height, colours } = this.surface;
    const rows = this.rows();
    context.fillStyle = colours.plot;
    context.fillRect(0, 0, width, height);
    context.font = FONT;
    context.save();
    context.beginPath();
    context.rect(LEFT, 0, this.timeline.widthPx, height);
    context.clip();
    this.drawPhases(rows.wave);
    this.drawGrid(rows.wave);
    this.drawGaps(rows.wave);
    this.drawWave(rows.wave);
    this.drawSpectrogram(rows.spectrogram);
    this.drawMarks();
    this.drawSelection(rows);
    this.drawPlayhead(rows);
    context.restore();
    this.drawAxes(rows);
  }

  drawPhases({ top, height }) {
    const { context, colours } = this.surface;
    for (const [startS, endS, kind] of phases(this.marks)) {
      const [x0, x1] = [LEFT + this.timeline.toPx(startS), LEFT + this.timeline.toPx(endS)];
      if (x1 < LEFT || x0 > LEFT + this.timeline.widthPx) continue;
      context.fillStyle = colours[kind];
      context.fillRect(x0, top, x1 - x0, height);
    }
  }

  drawGrid({ top, height }) {
    const { context, colours } = this.surface;
    for (const [stepS, colour] of [[GRID_S, colours.grid], [1, colours.gridStrong]]) {
      context.strokeStyle = colour;
      context.beginPath();
      for (const timeS of this.timeline.multiples(stepS, 5)) {
        const x = Math.round(LEFT + this.timeline.toPx(timeS)) + 0.5;
        context.moveTo(x, top);
        context.lineTo(x, top + height);
      }
      context.stroke();
    }
  }

  drawGaps({ top, height }) {
    const { context, colours } = this.surface;
    context.fillStyle = colours.gap;
    for (const [first, count] of this.gaps) {
      const x = LEFT + this.timeline.toPx(first / this.rateHz);
      context.fillRect(x, top, Math.max(1, LEFT + this.timeline.toPx((first + count) / this.rateHz) - x), height);
    }
  }

  drawWave({ top, height }) {
    const { context, colours } = this.surface;
    const perPx = (this.timeline.spanS * this.rateHz) / this.timeline.widthPx;
    const from = this.timeline.startS * this.rateHz;
    const scale = (0.47 * height) / (this.peaks.peak || 1);
    const middle = top + height / 2;
    context.strokeStyle = colours.wave;
    context.lineWidth = 1;
    context.beginPath();
    for (let px = 0; px <= this.timeline.widthPx; px += 0.5) {
      const [low, high] = this.peaks.between(from + px * perPx, from + (px + 0.5) * perPx);
      context.lineTo(LEFT + px, middle - high * scale);
      context.lineTo(LEFT + px, middle - low * scale);
    }
    context.stroke();
  }

  drawSpectrogram({ top, height }) {
    const { context } = this.surface;
    const { hopS, columns } = this.spectrogram;
    const first = this.timeline.startS / hopS;
    const count = Math.min(this.timeline.spanS / hopS, columns - first);
    context.imageSmoothingEnabled = true;
    const drawn = (count * hopS / this.timeline.spanS) * this.timeline.widthPx;
    context.drawImage(this.picture, first, 0, Math.max(1, count), this.picture.height, LEFT, top, drawn, height);
  }

  drawMarks() {
    const { context, colours } = this.surface;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (const [name, times] of [["S1", this.marks.s1], ["S2", this.marks.s2]]) {
      const roomy = times.length && (this.timeline.widthPx * (times.at(-1) - times[0])) / times.length / this.timeline.spanS > 44;
      for (const timeS of times) {
        const x = LEFT + this.timeline.toPx(timeS);
        if (x < LEFT - 10 || x > LEFT + this.timeline.widthPx + 10) continue;
        context.fillStyle = name === "S1" ? colours.text : colours.waveSoft;
        if (roomy) context.fillText(name, x, 8);
        context.fillRect(Math.round(x) - 0.5, roomy ? 15 : 8, name === "S1" ? 2 : 1.5, roomy ? 7 : 14);
      }
    }
  }

  drawSelection({ wave, spectrogram }) {
    if (!this.selection) return;
    const { context, colours } = this.surface;
    const [x0, x1] = this.selection.map((timeS) => LEFT + this.timeline.toPx(timeS));
    context.fillStyle = colours.waveSoft;
    context.globalAlpha = 0.28;
    context.fillRect(x0, wave.top, x1 - x0, spectrogram.top + spectrogram.height - wave.top);
    context.globalAlpha = 1;
  }

  drawPlayhead({ wave, spectrogram }) {
    const { context, colours } = this.surface;
    const bottom = spectrogram.top + spectrogram.height;
    const line = (x, colour, dash) => {
      context.strokeStyle = colour;
      context.setLineDash(dash);
      context.lineWidth = 1.5;
      context.beginPath();
      context.moveTo(x, wave.top);
      context.lineTo(x, bottom);
      context.stroke();
      context.setLineDash([]);
    };
    if (this.cursor) line(this.cursor.x, colours.waveSoft, [3, 3]);
    line(LEFT + this.timeline.toPx(this.playheadS), colours.cursor, []);
  }

  drawAxes({ wave, spectrogram }) {
    const { context, width, colours } = this.surface;
    context.fillStyle = colours.text;
    context.textBaseline = "middle";
    context.textAlign = "center";
    const bottom = spectrogram.top + spectrogram.height;
    for (const { timeS, text } of this.timeline.ticks()) {
      context.fillText(text, LEFT + this.timeline.toPx(timeS), bottom + 12);
    }
    context.textAlign = "right";
    context.fillText("s", LEFT - 8, bottom + 12);
    for (const value of [1, 0, -1]) context.fillText(String(value), LEFT - 8, wave.top + wave.height * (0.5 - 0.47 * value));
    let lastY = Infinity;
    for (const hz of FREQUENCIES_HZ.filter((f) => f <= this.spectrogram.reachHz)) {
      const y = bottom - AXES[this.settings.axis].share(hz, this.spectrogram.reachHz) * spectrogram.height;
      if (lastY - y < 13) continue;
      lastY = y;
      context.fillText(hz >= 1000 ? `${hz / 1000} kHz` : `${hz} Hz`, LEFT - 6, Math.max(y, spectrogram.top + 6));
    }
    this.drawScale(spectrogram, width);
  }

  drawScale({ top, height }, width) {
    const { context, colours } = this.surface;
    const x = width - RIGHT + 6;
    for (let row = 0; row < height; row += 1) {
      const at = 3 * Math.round(255 * (1 - row / height));
      context.fillStyle = `rgb(${magma[at]},${magma[at + 1]},${magma[at + 2]})`;
      context.fillRect(x, top + row, 6, 1.5);
    }
    context.fillStyle = colours.text;
    context.textAlign = "left";
    const range = this.spectrogram.topDb - this.spectrogram.floorDb;
    for (const db of [0, -20, -40, -60]) context.fillText(String(db), x + 9, Math.min(top + (-db / range) * height + 5, top + height - 4));
    context.fillText("dB", x + 7, top - 6);
  }

  close() {
    this.surface.close();
  }
}

/** Systole from each S1 to the S2 after it, diastole from that to the next S1; a missing partner leaves a blank. */
export function phases({ s1, s2 }) {
  const events = [...s1.map((timeS) => [timeS, 1]), ...s2.map((timeS) => [timeS, 2])].sort((a, b) => a[0] - b[0]);
  return events.slice(1).flatMap(([timeS, kind], i) => {
    const [beforeS, before] = events[i];
    return before === kind ? [] : [[beforeS, timeS, before === 1 ? "systole" : "diastole"]];
  });
}
