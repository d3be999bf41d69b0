/**
 * A scrolling spectrogram in step with WaveformView: each new column is painted once, into a strip that is then shown shifted; the
 * strip is painted anew when the range of levels moves. Gaps are columns of the gap's colour. The scales (Hz, dB) are drawn over it.
 */

import { magma, stepOf } from "./colormap.js";
import { DbRange } from "./db-range.js";
import { PlotSurface } from "./plot-surface.js";
import { FLOOR_DB, HEART_SOUND, StreamingSpectrogram } from "./spectrogram.js";

const LABEL_HZ = [250, 500, 750];
const LABEL_HEIGHT = 16;
const LEGEND_WIDTH = 72;
// Below it a phone's microphone gives rumble and offset, which would set the range for everything else.
const RANGE_FROM_HZ = 20;

/** The colour map as a picture, quiet to loud. */
function makeLegend(table) {
  const legend = document.createElement("canvas");
  legend.width = table.length / 3;
  legend.height = 1;
  const context = legend.getContext("2d");
  const pixels = context.createImageData(legend.width, 1);
  for (let step = 0; step < legend.width; step += 1) pixels.data.set([...table.subarray(3 * step, 3 * step + 3), 255], 4 * step);
  context.putImageData(pixels, 0, 0);
  return legend;
}

export class LiveSpectrogramView {
  /** @param {HTMLCanvasElement} canvas @param {{seconds?: number, table?: Uint8ClampedArray}} options */
  constructor(canvas, { seconds = 6, table = magma } = {}) {
    this.table = table;
    this.spectrogram = new StreamingSpectrogram();
    this.columnsShown = Math.round((seconds * HEART_SOUND.rateHz) / HEART_SOUND.hopSamples);
    this.strip = document.createElement("canvas");
    this.strip.width = this.columnsShown;
    this.strip.height = this.spectrogram.bins;
    // Written column by column: kept in main memory, not fetched from the graphics card each time.
    this.stripContext = this.strip.getContext("2d", { willReadFrequently: true });
    this.pixels = this.stripContext.createImageData(this.strip.width, this.strip.height);
    this.legend = makeLegend(table);
    this.firstRangeBin = Math.ceil((RANGE_FROM_HZ * HEART_SOUND.fftSize) / HEART_SOUND.rateHz);
    this.surface = new PlotSurface(canvas, () => this.draw());
    this.clear();
  }

  clear() {
    this.spectrogram.reset();
    this.range = new DbRange();
    this.end = 0;
    this.painted = 0;
    this.columns = new Array(this.columnsShown);
    this.loudest = new Float32Array(this.columnsShown).fill(FLOOR_DB);
    this.stripContext.clearRect(0, 0, this.strip.width, this.strip.height);
    this.draw();
  }

  /** Samples from stream index `at` on; what was jumped over is a gap, what comes a second time is left out. */
  write(samples, at = this.end) {
    const columns = at > this.end ? this.spectrogram.gap(at - this.end) : [];
    const fresh = at < this.end ? samples.subarray(this.end - at) : samples;
    this.end = Math.max(this.end, at + samples.length);
    this.add([...columns, ...this.spectrogram.push(fresh)]);
  }

  add(columns) {
    // A gap longer than the strip need not be painted over and over.
    const skipped = Math.max(0, columns.length - this.columnsShown);
    this.painted += skipped;
    for (const column of columns.slice(skipped)) {
      const x = this.painted % this.columnsShown;
      this.painted += 1;
      this.columns[x] = column;
      this.loudest[x] = column === null ? FLOOR_DB : Math.max(...column.subarray(this.firstRangeBin));
      this.paint(x);
      this.stripContext.putImageData(this.pixels, 0, 0, x, 0, 1, this.strip.height);
    }
    if (this.range.follow(Math.max(...this.loudest))) this.repaint();
  }

  repaint() {
    for (let x = 0; x < Math.min(this.painted, this.columnsShown); x += 1) this.paint(x);
    this.stripContext.putImageData(this.pixels, 0, 0);
  }

  /** A gap's column is transparent: the colour behind it is the theme's. */
  paint(x) {
    const column = this.columns[x];
    const { bins } = this.spectrogram;
    const { data } = this.pixels;
    for (let bin = 0; bin < bins; bin += 1) {
      const at = 4 * ((bins - 1 - bin) * this.columnsShown + x);
      const step = column === null ? 0 : 3 * stepOf(column[bin], this.range.floorDb, this.range.topDb);
      data[at] = this.table[step];
      data[at + 1] = this.table[step + 1];
      data[at + 2] = this.table[step + 2];
      data[at + 3] = column === null ? 0 : 255;
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
    const newer = shown - older;
    // A column stands at its window's middle, so the newest one stands a little before the newest sample.
    const { hopSamples, windowSamples } = HEART_SOUND;
    const lagColumns = (this.end - windowSamples / 2) / hopSamples - this.painted;
    const left = width - (shown + Math.max(0, lagColumns)) * pixelsPerColumn;
    context.fillStyle = colours.gap;
    context.fillRect(left, 0, shown * pixelsPerColumn, height);
    if (older > 0) context.drawImage(this.strip, seam, 0, older, this.strip.height, left, 0, older * pixelsPerColumn, height);
    if (newer > 0) {
      context.drawImage(this.strip, 0, 0, newer, this.strip.height, left + older * pixelsPerColumn, 0, newer * pixelsPerColumn, height);
    }
    this.drawScales();
  }

  drawScales() {
    const { context, width, height } = this.surface;
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    for (const hz of LABEL_HZ) this.drawLabel(`${hz} Hz`, 2, height * (1 - hz / HEART_SOUND.maxHz));
    if (this.painted === 0) return;
    const { floorDb, topDb } = this.range;
    const top = `${topDb} dBFS`;
    const topWidth = context.measureText(top).width + 8;
    const barRight = width - topWidth - 2;
    this.drawLabel(top, barRight, LABEL_HEIGHT / 2 + 2);
    context.drawImage(this.legend, barRight - LEGEND_WIDTH, 2, LEGEND_WIDTH, LABEL_HEIGHT);
    const floorWidth = context.measureText(String(floorDb)).width + 8;
    this.drawLabel(String(floorDb), barRight - LEGEND_WIDTH - floorWidth, LABEL_HEIGHT / 2 + 2);
  }

  drawLabel(text, left, middle) {
    const { context, colours } = this.surface;
    context.fillStyle = colours.plot;
    context.globalAlpha = 0.8;
    context.fillRect(left, middle - LABEL_HEIGHT / 2, context.measureText(text).width + 8, LABEL_HEIGHT);
    context.globalAlpha = 1;
    context.fillStyle = colours.text;
    context.fillText(text, left + 4, middle);
  }

  close() {
    this.surface.close();
  }
}
