/** Waveforms at any zoom: the least and greatest sample under each pixel, from a pyramid so that long sounds draw as fast as short ones. */

const BASE = 32;

export class PeakPyramid {
  /** @param {Float32Array} samples */
  constructor(samples) {
    this.samples = samples;
    this.levels = [];
    let [low, high] = [samples, samples];
    let bucket = 1;
    while (low.length > BASE) {
      [low, high] = shrink(low, high, BASE);
      bucket *= BASE;
      this.levels.push({ bucket, low, high });
    }
    this.peak = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  }

  /** @returns {[number, number]} least and greatest of samples [from, to); [0, 0] of an empty stretch */
  between(from, to) {
    const start = Math.max(0, Math.floor(from));
    const end = Math.min(this.samples.length, Math.max(start + 1, Math.ceil(to)));
    if (start >= end) return [0, 0];
    const level = this.levels.findLast(({ bucket }) => bucket * 2 <= end - start);
    if (!level) return extremes(this.samples, this.samples, start, end);
    return extremes(level.low, level.high, Math.floor(start / level.bucket), Math.ceil(end / level.bucket));
  }
}

function shrink(low, high, factor) {
  const count = Math.ceil(low.length / factor);
  const [lows, highs] = [new Float32Array(count), new Float32Array(count)];
  for (let i = 0; i < count; i += 1) {
    [lows[i], highs[i]] = extremes(low, high, i * factor, Math.min(low.length, (i + 1) * factor));
  }
  return [lows, highs];
}

function extremes(low, high, from, to) {
  let [least, greatest] = [Infinity, -Infinity];
  for (let i = from; i < Math.min(to, low.length); i += 1) {
    if (low[i] < least) least = low[i];
    if (high[i] > greatest) greatest = high[i];
  }
  return [least, greatest];
}
