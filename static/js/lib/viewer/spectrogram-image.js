/**
 * A whole sound's spectrogram as a picture, ready to be drawn stretched: one column a hop, one row a band, high bands at the top.
 * Pure: samples in, pixels and a scale out.
 */

import { magma, paintSpectrogram } from "../colormap.js";
import { Resampler } from "../resampler.js";
import { computeMelSpectrogram, computeSpectrogram, hzToMel, melToHz } from "../spectrogram.js";

const ANALYSIS_RATE_HZ = 8000;
const WINDOW_S = 0.064;
const HOP_S = 0.01;
// Canvas bitmaps may not be wider than 32767 pixels anywhere, and this many columns cost half a second to compute.
const MOST_COLUMNS = 12000;
const RANGE_DB = 60;
const BANDS = 96;
const LOWEST_LOG_HZ = 20;
// The loudest clicks are not what the eye should be scaled to.
const TOP_PERCENTILE = 0.998;

/** Where a frequency lies on each axis, as a share of the height from the bottom, and back. */
export const AXES = {
  mel: {
    label: "mel",
    share: (hz, maxHz) => hzToMel(hz) / hzToMel(maxHz),
    hz: (share, maxHz) => melToHz(share * hzToMel(maxHz)),
  },
  log: {
    label: "log",
    share: (hz, maxHz) => Math.log(Math.max(hz, LOWEST_LOG_HZ) / LOWEST_LOG_HZ) / Math.log(maxHz / LOWEST_LOG_HZ),
    hz: (share, maxHz) => LOWEST_LOG_HZ * (maxHz / LOWEST_LOG_HZ) ** share,
  },
};

/** The sound at no more than 8 kHz: what lies above is not shown, and computing it would cost five times as much. */
export function forAnalysis(samples, rateHz) {
  if (rateHz <= ANALYSIS_RATE_HZ) return { samples, rateHz };
  const resampler = new Resampler(rateHz, ANALYSIS_RATE_HZ);
  const [body, tail] = [resampler.push(samples), resampler.flush()];
  const out = new Float32Array(body.length + tail.length);
  out.set(body);
  out.set(tail, body.length);
  return { samples: out, rateHz: ANALYSIS_RATE_HZ };
}

/**
 * @param {Float32Array} samples at `rateHz` (from forAnalysis)
 * @param {{axis: "mel"|"log", maxHz: number}} view
 * @returns {{columns, bins, db, hopS, floorDb, topDb, pixels: {width, height, rgba}}}
 */
export function makeSpectrogram(samples, rateHz, { axis, maxHz }) {
  const reachHz = Math.min(maxHz, rateHz / 2);
  const hopSamples = Math.round(rateHz * Math.max(HOP_S, samples.length / rateHz / MOST_COLUMNS));
  const windowSamples = Math.round(rateHz * WINDOW_S);
  const fftSize = 2 ** (Math.ceil(Math.log2(windowSamples)) + 1);
  const settings = { rateHz, windowSamples, fftSize, hopSamples, maxHz: reachHz };
  const spectrogram =
    axis === "log"
      ? onLogAxis(computeSpectrogram(samples, settings), reachHz)
      : computeMelSpectrogram(samples, { ...settings, mels: BANDS });
  const topDb = percentile(spectrogram.db, TOP_PERCENTILE);
  const floorDb = topDb - RANGE_DB;
  return { ...spectrogram, reachHz, floorDb, topDb, pixels: paintSpectrogram(spectrogram, { floorDb, topDb, table: magma }) };
}

/** Level in dB at a time and a share of the height, NaN outside. */
export function levelAt({ columns, bins, db, hopS }, timeS, share) {
  const column = Math.round(timeS / hopS);
  const bin = Math.min(bins - 1, Math.floor(share * bins));
  return column >= 0 && column < columns && bin >= 0 ? db[column * bins + bin] : NaN;
}

function onLogAxis({ columns, bins, db, hopS, hzOfBin }, maxHz) {
  const out = new Float32Array(columns * BANDS);
  const binHz = hzOfBin[1];
  const sources = Array.from({ length: BANDS }, (_, band) => {
    const position = AXES.log.hz((band + 0.5) / BANDS, maxHz) / binHz;
    const below = Math.min(Math.floor(position), bins - 2);
    return { below, share: position - below };
  });
  for (let column = 0; column < columns; column += 1) {
    sources.forEach(({ below, share }, band) => {
      const at = column * bins + below;
      out[column * BANDS + band] = db[at] + share * (db[at + 1] - db[at]);
    });
  }
  return { columns, bins: BANDS, db: out, hopS };
}

function percentile(values, share) {
  const sorted = Float32Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
