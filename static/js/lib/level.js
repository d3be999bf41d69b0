/** Level of a sound in decibels below full scale (dBFS; a full-scale square wave is 0). */

export const FLOOR_DBFS = -100;
// The last code before full scale on either side: a converter that clips sits there.
const CLIP_LEVEL = 32766 / 32768;

export const toDbfs = (amplitude) => (amplitude > 0 ? Math.max(FLOOR_DBFS, 20 * Math.log10(amplitude)) : FLOOR_DBFS);

/** @returns {{rmsDbfs: number, peakDbfs: number, clipped: number}} of one block; `clipped` counts samples at full scale */
export function measureLevel(samples) {
  let energy = 0;
  let peak = 0;
  let clipped = 0;
  for (let i = 0; i < samples.length; i += 1) {
    const size = Math.abs(samples[i]);
    energy += size * size;
    if (size > peak) peak = size;
    if (size >= CLIP_LEVEL) clipped += 1;
  }
  const rms = samples.length > 0 ? Math.sqrt(energy / samples.length) : 0;
  return { rmsDbfs: toDbfs(rms), peakDbfs: toDbfs(peak), clipped };
}

/** A meter that rises at once and falls slowly, so that an eye can follow it. Time is counted in samples, not by a clock. */
export class LevelMeter {
  constructor({ rateHz = 8000, fallDbPerS = 24, clipHoldS = 1 } = {}) {
    this.fallDbPerSample = fallDbPerS / rateHz;
    this.clipHoldSamples = clipHoldS * rateHz;
    this.reset();
  }

  reset() {
    this.rmsDbfs = FLOOR_DBFS;
    this.peakDbfs = FLOOR_DBFS;
    this.sinceClip = Infinity;
  }

  get clipping() {
    return this.sinceClip < this.clipHoldSamples;
  }

  push(samples) {
    const { rmsDbfs, peakDbfs, clipped } = measureLevel(samples);
    const fall = this.fallDbPerSample * samples.length;
    this.rmsDbfs = Math.max(rmsDbfs, this.rmsDbfs - fall, FLOOR_DBFS);
    this.peakDbfs = Math.max(peakDbfs, this.peakDbfs - fall, FLOOR_DBFS);
    this.sinceClip = clipped > 0 ? 0 : this.sinceClip + samples.length;
  }

  /** Where the bar stands: 0 at `floorDbfs`, 1 at full scale. */
  fraction(floorDbfs = -60) {
    return Math.max(0, Math.min(1, 1 - this.rmsDbfs / floorDbfs));
  }
}
