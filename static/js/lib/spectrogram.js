/**
 * Short-time spectra in dB, of a whole sound or as it arrives, on a linear or a mel axis.
 *
 * 0 dB is a sine at full scale, whatever the window. Defaults suit heart sounds at 8 kHz: a 64 ms window (S1 and S2 stay apart)
 * padded to 1024 points (7.8 Hz between bins), a column each 10 ms, shown up to 1 kHz.
 */

import { RealFft } from "./fft.js";

export const FLOOR_DB = -140;
const FLOOR_POWER = 10 ** (FLOOR_DB / 10);

export const HEART_SOUND = Object.freeze({ rateHz: 8000, windowSamples: 512, fftSize: 1024, hopSamples: 80, maxHz: 1000 });

/** Periodic Hann window. */
export function hann(length) {
  return Float64Array.from({ length }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / length));
}

export const powerToDb = (power) => 10 * Math.log10(Math.max(power, FLOOR_POWER));

/** Spectrum of one windowed stretch of sound. */
class ColumnMaker {
  constructor({ rateHz, windowSamples, fftSize, maxHz = rateHz / 2 }) {
    if (windowSamples > fftSize) throw new RangeError("the window is longer than the FFT");
    this.fft = new RealFft(fftSize);
    this.window = hann(windowSamples);
    this.scale = (2 / this.window.reduce((sum, w) => sum + w, 0)) ** 2;
    this.padded = new Float64Array(fftSize);
    this.power = new Float64Array(fftSize / 2 + 1);
    this.binHz = rateHz / fftSize;
    this.bins = Math.min(Math.floor(maxHz / this.binHz) + 1, fftSize / 2 + 1);
  }

  /** Power per bin of samples [at, at + window) (outside the array is silence), in a buffer that the next call overwrites. */
  powerAt(samples, at) {
    for (let i = 0; i < this.window.length; i += 1) this.padded[i] = (samples[at + i] || 0) * this.window[i];
    this.fft.powerInto(this.padded, this.power);
    for (let k = 0; k < this.power.length; k += 1) this.power[k] *= this.scale;
    return this.power;
  }
}

/**
 * Spectrogram of a whole sound; column c is centred on sample c * hopSamples.
 *
 * @param {Float32Array} samples
 * @returns {{columns: number, bins: number, db: Float32Array, hopS: number, hzOfBin: Float64Array}} `db` by column, low bin first
 */
export function computeSpectrogram(samples, options = {}) {
  const settings = { ...HEART_SOUND, ...options };
  const maker = new ColumnMaker(settings);
  const columns = Math.floor(samples.length / settings.hopSamples) + 1;
  const db = new Float32Array(columns * maker.bins);
  for (let column = 0; column < columns; column += 1) {
    const power = maker.powerAt(samples, column * settings.hopSamples - settings.windowSamples / 2);
    for (let bin = 0; bin < maker.bins; bin += 1) db[column * maker.bins + bin] = powerToDb(power[bin]);
  }
  const hzOfBin = Float64Array.from({ length: maker.bins }, (_, bin) => bin * maker.binHz);
  return { columns, bins: maker.bins, db, hopS: settings.hopSamples / settings.rateHz, hzOfBin };
}

// Slaney's mel scale: linear to 1 kHz, logarithmic above (Auditory Toolbox, 1998).
const LINEAR_HZ_PER_MEL = 200 / 3;
const LOG_START_HZ = 1000;
const LOG_START_MEL = LOG_START_HZ / LINEAR_HZ_PER_MEL;
const LOG_STEP = Math.log(6.4) / 27;

export const hzToMel = (hz) => (hz < LOG_START_HZ ? hz / LINEAR_HZ_PER_MEL : LOG_START_MEL + Math.log(hz / LOG_START_HZ) / LOG_STEP);
export const melToHz = (mel) => (mel < LOG_START_MEL ? mel * LINEAR_HZ_PER_MEL : LOG_START_HZ * Math.exp(LOG_STEP * (mel - LOG_START_MEL)));

/**
 * Triangular mel filters over the bins of an FFT, each with unit peak.
 *
 * @returns {{filters: {first: number, weights: Float64Array}[], centresHz: Float64Array}} a filter covers bins from `first` on
 */
export function melFilters({ rateHz, fftSize, mels, minHz = 0, maxHz = rateHz / 2 }) {
  const low = hzToMel(minHz);
  const step = (hzToMel(maxHz) - low) / (mels + 1);
  const edgesHz = Float64Array.from({ length: mels + 2 }, (_, i) => melToHz(low + i * step));
  const binHz = rateHz / fftSize;
  const filters = [];
  for (let m = 0; m < mels; m += 1) {
    const [left, centre, right] = edgesHz.subarray(m, m + 3);
    const first = Math.ceil(left / binHz);
    const last = Math.min(Math.floor(right / binHz), fftSize / 2);
    const weights = Float64Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
      const hz = (first + i) * binHz;
      return Math.max(0, Math.min((hz - left) / (centre - left), (right - hz) / (right - centre)));
    });
    filters.push({ first, weights });
  }
  return { filters, centresHz: edgesHz.slice(1, -1) };
}

/** Like computeSpectrogram with a mel axis: `bins` are mels and `hzOfBin` their centres. */
export function computeMelSpectrogram(samples, { mels = 64, ...options } = {}) {
  const settings = { ...HEART_SOUND, ...options };
  const maker = new ColumnMaker({ ...settings, maxHz: settings.rateHz / 2 });
  const { filters, centresHz } = melFilters({ ...settings, mels });
  const columns = Math.floor(samples.length / settings.hopSamples) + 1;
  const db = new Float32Array(columns * mels);
  for (let column = 0; column < columns; column += 1) {
    const power = maker.powerAt(samples, column * settings.hopSamples - settings.windowSamples / 2);
    filters.forEach(({ first, weights }, m) => {
      let sum = 0;
      for (let i = 0; i < weights.length; i += 1) sum += weights[i] * power[first + i];
      db[column * mels + m] = powerToDb(sum);
    });
  }
  return { columns, bins: mels, db, hopS: settings.hopSamples / settings.rateHz, hzOfBin: centresHz };
}

/** Columns of a sound that is still arriving. A gap gives columns of null, and no column spans one. */
export class StreamingSpectrogram {
  constructor(options = {}) {
    this.settings = { ...HEART_SOUND, ...options };
    this.maker = new ColumnMaker(this.settings);
    this.reset();
  }

  get bins() {
    return this.maker.bins;
  }

  reset() {
    this.held = new Float32Array(0);
    this.gapLeft = 0;
  }

  /** @returns {Float32Array[]} the columns completed by these samples, each `bins` values in dB */
  push(samples) {
    const { hopSamples, windowSamples } = this.settings;
    const input = new Float32Array(this.held.length + samples.length);
    input.set(this.held);
    input.set(samples, this.held.length);
    const columns = [];
    let at = 0;
    for (; at + windowSamples <= input.length; at += hopSamples) {
      columns.push(Float32Array.from(this.maker.powerAt(input, at).subarray(0, this.bins), powerToDb));
    }
    this.held = input.slice(at);
    return columns;
  }

  /** @returns {null[]} one null for each column that `missing` samples and the stretch they broke would have given */
  gap(missing) {
    const samples = this.held.length + missing + this.gapLeft;
    this.held = new Float32Array(0);
    this.gapLeft = samples % this.settings.hopSamples;
    return new Array(Math.floor(samples / this.settings.hopSamples)).fill(null);
  }
}
