/**
 * The levels between which a spectrogram's colours run: a fixed span below a top that follows the sound in coarse steps, up at
 * once, down only when the sound has clearly become quieter. Pure.
 */
export class DbRange {
  constructor({ spanDb = 72, stepDb = 6, topDb = -36, lowestTopDb = -84 } = {}) {
    this.spanDb = spanDb;
    this.stepDb = stepDb;
    this.topDb = topDb;
    this.lowestTopDb = lowestTopDb;
  }

  get floorDb() {
    return this.topDb - this.spanDb;
  }

  /** @param {number} loudestDb of what is shown @returns {boolean} whether the range has moved */
  follow(loudestDb) {
    const wanted = Math.max(this.lowestTopDb, Math.ceil(loudestDb / this.stepDb) * this.stepDb);
    const moves = wanted > this.topDb || wanted < this.topDb - this.stepDb;
    if (moves) this.topDb = wanted;
    return moves;
  }
}
