/**
 * When each piece of a live stream is to sound: back to back, a cushion behind the arrival, catching up after a stall.
 * Times are in seconds of the audio clock. Pure.
 */
export class JitterSchedule {
  constructor({ cushionS = 0.12, mostS = 0.6 } = {}) {
    this.cushionS = cushionS;
    this.mostS = mostS;
    this.nextS = null;
  }

  reset() {
    this.nextS = null;
  }

  /** @returns {number | null} the start of a piece of `durationS` that arrived at `nowS`; null: leave it out, too much is waiting */
  place(durationS, nowS) {
    if (this.nextS === null || this.nextS < nowS) this.nextS = nowS + this.cushionS;
    if (this.nextS - nowS > this.mostS) return null;
    const startS = this.nextS;
    this.nextS += durationS;
    return startS;
  }
}
