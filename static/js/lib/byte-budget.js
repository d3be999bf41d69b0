/** How much may be sent now, so that a phone catching up stays under the server's byte rate (a token bucket). */
export class ByteBudget {
  constructor({ bytesPerS, burstBytes, nowMs }) {
    this.bytesPerMs = bytesPerS / 1000;
    this.burstBytes = burstBytes;
    this.left = burstBytes;
    this.atMs = nowMs;
  }

  /** Take `bytes` if they may go now. @returns {number} 0, or the milliseconds to wait before asking again */
  take(bytes, nowMs) {
    this.left = Math.min(this.burstBytes, this.left + (nowMs - this.atMs) * this.bytesPerMs);
    this.atMs = nowMs;
    if (bytes > this.left) return Math.ceil((bytes - this.left) / this.bytesPerMs);
    this.left -= bytes;
    return 0;
  }
}
