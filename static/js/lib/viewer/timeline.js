/**
 * Which stretch of a sound is on the screen, and where each second of it lies. No DOM: positions are in CSS pixels from the left
 * edge of the plot.
 */

const SHORTEST_S = 0.25;
const MAJOR_STEPS_S = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60];

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export class Timeline {
  constructor(durationS, widthPx) {
    this.durationS = durationS;
    this.widthPx = widthPx;
    this.startS = 0;
    this.spanS = durationS;
  }

  get endS() {
    return this.startS + this.spanS;
  }

  get isWhole() {
    return this.spanS >= this.durationS;
  }

  toPx(timeS) {
    return ((timeS - this.startS) / this.spanS) * this.widthPx;
  }

  toTime(px) {
    return clamp(this.startS + (px / this.widthPx) * this.spanS, 0, this.durationS);
  }

  /** Magnify by `factor` (> 1 shows less) so that the time under `px` stays under it. */
  zoom(factor, px = this.widthPx / 2) {
    const heldS = this.startS + (px / this.widthPx) * this.spanS;
    this.spanS = clamp(this.spanS / factor, Math.min(SHORTEST_S, this.durationS), this.durationS);
    this.moveTo(heldS - (px / this.widthPx) * this.spanS);
  }

  /** Show from `startS` on, as far as the sound reaches. */
  moveTo(startS) {
    this.startS = clamp(startS, 0, this.durationS - this.spanS);
  }

  moveBy(seconds) {
    this.moveTo(this.startS + seconds);
  }

  fit() {
    this.startS = 0;
    this.spanS = this.durationS;
  }

  /** Keep a moving point in sight: page on when it leaves the right edge, jump when it is elsewhere. */
  follow(timeS) {
    if (timeS < this.startS || timeS > this.endS) this.moveTo(timeS - 0.05 * this.spanS);
  }

  /** The labelled times on the screen, at least `gapPx` apart. */
  ticks(gapPx = 64) {
    const wantedS = (gapPx / this.widthPx) * this.spanS;
    const stepS = MAJOR_STEPS_S.find((step) => step >= wantedS) || MAJOR_STEPS_S.at(-1);
    return this.multiples(stepS).map((timeS) => ({ timeS, text: formatTime(timeS, stepS) }));
  }

  /** Multiples of `stepS` on the screen; none when they would lie closer than `closestPx`. */
  multiples(stepS, closestPx = 0) {
    if ((stepS / this.spanS) * this.widthPx < closestPx) return [];
    const first = Math.ceil(this.startS / stepS - 1e-6);
    const last = Math.floor(this.endS / stepS + 1e-6);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * stepS);
  }
}

/** "7.4", or "1:07.4" from a minute on; decimals as the step needs them. */
export function formatTime(timeS, stepS = 0.1) {
  const decimals = stepS >= 1 ? 0 : stepS >= 0.1 ? 1 : 2;
  if (timeS < 60) return timeS.toFixed(decimals);
  const seconds = (timeS % 60).toFixed(decimals).padStart(decimals ? decimals + 3 : 2, "0");
  return `${Math.floor(timeS / 60)}:${seconds}`;
}
