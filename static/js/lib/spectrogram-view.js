/**
 * A scrolling spectrogram in step with WaveformView: each new column is painted once, into a strip that is then shown shifted.
 * Gaps are columns of the gap's colour; the scale (dB, Hz) is drawn over it.
 */

import { magma, stepOf } from "./colormap.js";
import { PlotSurface } from "./plot-surface.js";
import { HEART_SOUND, StreamingSpectrogram } from "./spectrogram.js";

const LABEL_HZ = [250, 500, 750];

export class LiveSpectrogramView {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{seconds?: number, floorDb?: number, topDb?: number, table?: Uint8ClampedArray}} options dB relative to a full-scale sine
   */
  constructor(canvas, { seconds = 6, floorDb = -110, topDb = -40, table = magma } = {}) {
    this.seconds = seconds;
    this.floorDb = floorDb;
    this.topDb = topDb;
    this.table = table;
    this.spectrogram = new StreamingSpectrogram();
    this.columnsShown = Math.round((seconds * HEART_SOUND.rateHz) / HEART_SOUND.hopSamples);
    this.strip = document.createElement("canvas");
    this.strip.width = this.columnsShown;
    this.strip.height = this.spectrogram.bins;
    this.stripContext = this.strip.getContext("2d");
    this.surface = new PlotSurface(canvas, () => this.draw());
    this.clear();
  }

  clear() {
    this.spectrogram.reset();
    this.end = 0;
    this.painted = 0;
    this.stripContext.clearRect(0, 0, this.strip.width, this.strip.height);
    this.draw();
  }

  /** Samples from stream index `at` on; what was jumped over is a gap, what comes a second time is left out. */
  write(samples, at = this.end) {
    if (at > this.end) this.paint(this.spectrogram.gap(at - this.end));
    const fresh = at < this.end ? samples.subarray(this.end - at) : samples;
    this.paint(this.spectrogram.push(fresh));
    this.end = Math.max(this.end, at + samples.length);
  }

  paint(columns) {
    const { bins } = this.spectrogram;
    // A gap longer than the strip need not be painted over and over.
    const skipped = Math.max(0, columns.length - this.columnsShown);
    this.painted += skipped;
    for (const column of columns.slice(skipped)) {
      const x = this.painted % this.columnsShown;
      this.painted += 1;
      if (column === null) {
        this.stripContext.fillStyle = this.surface.colours.gap;
        this.stripContext.fillRect(x, 0, 1, bins);
        continue;
      }
      const image = this.stripContext.createImageData(1, bins);
      for (let bin = 0; bin < bins; bin += 1) {
        const step = 3 * stepOf(column[bin], this.floorDb, this.topDb);
        const at = 4 * (bins - 1 - bin);
        image.data[at] = this.table[step];
        image.data[at + 1] = this.table[step + 1];
        image.data[at + 2] = this.table[step + 2];
        image.data[at + 3] = 255;
      }
      this.stripContext.putImageData(image, x, 0);
    }
  }

  draw() {
    const { context, width, height, colours } = this.surface;
    context.fillStyle = colours.plot;
    context.fillRect(0, 0, width, height);
    const shown = Math.min(this.painted, this.columnsShown);
    const pixelsPerColumn = width / this.columnsShown;
    // The strip is a ring: its older part ends at `seam`, its newer part begins at 0.
    const seam = this.painted % this.columnsShown;
    const older = shown === this.columnsShown ? this.columnsShown - seam : 0;
    // A column stands at its window's middle, so the newest one stands a little before the newest sample.
    const { hopSamples, windowSamples } = HEART_SOUND;
    const lagColumns = (this.end - windowSamples / 2) / hopSamples - this.painted;
    const left = width - (shown + Math.max(0, lagColumns)) * pixelsPerColumn;
    context.imageSmoothingEnabled = true;
    if (older > 0) context.drawImage(this.strip, seam, 0, older, this.strip.height, left, 0, older * pixelsPerColumn, height);
    if (shown > older) {
      const newer = shown - older;
      context.drawImage(this.strip, 0, 0, newer, this.strip.height, left + older * pixelsPerColumn, 0, newer * pixelsPerColumn, height);
    }
    this.drawScale();
  }

  drawScale() {
    const { context, height, colours } = this.surface;
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    for (const hz of LABEL_HZ) {
      const y = height * (1 - hz / HEART_SOUND.maxHz);
      const label = `${hz} Hz`;
      context.fillStyle = colours.plot;
      context.globalAlpha = 0.75;
      context.fillRect(2, y - 8, context.measureText(label).width + 8, 16);
      context.globalAlpha = 1;
      context.fillStyle = colours.text;
      context.fillText(label, 6, y);
    }
  }

  close() {
    this.surface.close();
  }
}
