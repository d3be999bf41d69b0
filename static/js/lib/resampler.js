/**
 * Streaming windowed-sinc resampler: any integer rate to any other, block by block, with no drift.
 *
 * Output sample k stands at input time k * input / output, reduced to whole numbers (i + phase / L), so the count of samples is
 * exact however long the stream. The low-pass is a Kaiser-windowed sinc, flat to 3/4 of the lower Nyquist frequency (3 kHz when
 * the output is 8 kHz) and down by STOPBAND_DB from that Nyquist frequency on, so nothing folds back audibly.
 */

const STOPBAND_DB = 80;
const PASSBAND_EDGE = 0.75;

const gcd = (a, b) => (b === 0 ? a : gcd(b, a % b));

/** Modified Bessel function of the first kind, order 0, by its power series. */
function besselI0(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > 1e-12 * sum; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

export class Resampler {
  /**
   * @param {number} inputRateHz whole number of samples per second coming in
   * @param {number} outputRateHz whole number of samples per second going out
   */
  constructor(inputRateHz, outputRateHz = 8000) {
    if (!Number.isInteger(inputRateHz) || !Number.isInteger(outputRateHz) || inputRateHz <= 0 || outputRateHz <= 0) {
      throw new RangeError(`rates must be positive whole numbers, not ${inputRateHz} and ${outputRateHz}`);
    }
    const divisor = gcd(inputRateHz, outputRateHz);
    this.up = outputRateHz / divisor;
    this.down = inputRateHz / divisor;

    const nyquist = Math.min(inputRateHz, outputRateHz) / 2;
    const transition = ((1 - PASSBAND_EDGE) * nyquist) / inputRateHz;
    this.cutoff = ((1 + PASSBAND_EDGE) * nyquist) / inputRateHz;
    // Kaiser's formulas for length and shape (Oppenheim & Schafer, Discrete-Time Signal Processing, 7.5.3).
    this.half = Math.ceil((STOPBAND_DB - 7.95) / (2.285 * 2 * Math.PI * transition) / 2);
    this.beta = 0.1102 * (STOPBAND_DB - 8.7);
    this.phases = new Array(this.up);

    this.index = 0;
    this.phase = 0;
    this.received = 0;
    // Inputs from absolute index `base` on; the stream is preceded by silence.
    this.base = 1 - this.half;
    this.held = new Float32Array(this.half - 1);
  }

  /** Weights of the 2 * half inputs around an output that falls `phase / up` after an input; made on first use. */
  weights(phase) {
    if (this.phases[phase]) return this.phases[phase];
    const weights = new Float64Array(2 * this.half);
    const normaliser = besselI0(this.beta);
    let sum = 0;
    for (let tap = 0; tap < weights.length; tap += 1) {
      const distance = tap + 1 - this.half - phase / this.up;
      const angle = Math.PI * this.cutoff * distance;
      const sinc = angle === 0 ? 1 : Math.sin(angle) / angle;
      const edge = Math.max(0, 1 - (distance / this.half) ** 2);
      weights[tap] = (sinc * besselI0(this.beta * Math.sqrt(edge))) / normaliser;
      sum += weights[tap];
    }
    // Unit gain at 0 Hz in every phase: otherwise a slow sound would carry a ripple at the phases' rate.
    for (let tap = 0; tap < weights.length; tap += 1) weights[tap] /= sum;
    this.phases[phase] = weights;
    return weights;
  }

  /**
   * @param {Float32Array} block the next input samples, any number of them
   * @returns {Float32Array} the output samples that are now complete
   */
  push(block) {
    this.received += block.length;
    return this.run(block);
  }

  /**
   * The samples still inside the filter, as if silence followed. After it exactly ceil(received * output / input) samples have
   * come out; the stream is over.
   */
  flush() {
    return this.run(new Float32Array(this.half));
  }

  run(block) {
    if (this.up === this.down) return this.passThrough(block);
    const input = new Float32Array(this.held.length + block.length);
    input.set(this.held);
    input.set(block, this.held.length);
    const end = this.base + input.length;

    const output = new Float32Array(Math.max(0, Math.ceil(((end - this.half - this.index) * this.up) / this.down) + 1));
    let count = 0;
    while (this.index + this.half < end) {
      const weights = this.weights(this.phase);
      const first = this.index - this.half + 1 - this.base;
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap += 1) sum += weights[tap] * input[first + tap];
      output[count] = sum;
      count += 1;
      const advanced = this.phase + this.down;
      this.index += Math.floor(advanced / this.up);
      this.phase = advanced % this.up;
    }

    const needed = Math.min(this.index - this.half + 1, end);
    this.held = input.slice(needed - this.base);
    this.base = needed;
    return output.subarray(0, count);
  }

  /** Equal rates: the samples as they are, and nothing left over at the end. */
  passThrough(block) {
    const output = block.subarray(0, Math.max(0, this.received - this.index));
    this.index += output.length;
    return output;
  }
}
