/** FFT of real samples: a complex radix-2 transform of half the length, then the split into the spectrum of the real signal. */
export class RealFft {
  /** @param {number} size a power of two, 4 or more */
  constructor(size) {
    if (size < 4 || (size & (size - 1)) !== 0) throw new RangeError(`an FFT's size is a power of two, not ${size}`);
    this.size = size;
    this.half = size / 2;
    this.re = new Float64Array(this.half);
    this.im = new Float64Array(this.half);
    this.cos = Float64Array.from({ length: this.half }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.sin = Float64Array.from({ length: this.half }, (_, k) => Math.sin((2 * Math.PI * k) / size));
    this.reversed = new Uint32Array(this.half);
    for (let i = 1; i < this.half; i += 1) this.reversed[i] = (this.reversed[i >> 1] >> 1) | (i & 1 ? this.half >> 1 : 0);
  }

  /**
   * @param {ArrayLike<number>} samples `size` of them
   * @param {Float64Array} power receives |X[k]|^2 for k = 0 .. size / 2
   */
  powerInto(samples, power) {
    const { re, im, half, cos, sin } = this;
    for (let i = 0; i < half; i += 1) {
      const to = this.reversed[i];
      re[to] = samples[2 * i];
      im[to] = samples[2 * i + 1];
    }
    this.transform();
    for (let k = 0; k <= half; k += 1) {
      const a = k % half;
      const b = (half - k) % half;
      const evenRe = (re[a] + re[b]) / 2;
      const evenIm = (im[a] - im[b]) / 2;
      const oddRe = (im[a] + im[b]) / 2;
      const oddIm = (re[b] - re[a]) / 2;
      const c = k === half ? -1 : cos[k];
      const s = k === half ? 0 : sin[k];
      const x = evenRe + c * oddRe + s * oddIm;
      const y = evenIm + c * oddIm - s * oddRe;
      power[k] = x * x + y * y;
    }
    return power;
  }

  /** In place, input in bit-reversed order. */
  transform() {
    const { re, im, half, cos, sin, size } = this;
    for (let span = 1; span < half; span *= 2) {
      const stride = size / (2 * span);
      for (let start = 0; start < half; start += 2 * span) {
        for (let k = 0; k < span; k += 1) {
          const c = cos[k * stride];
          const s = sin[k * stride];
          const low = start + k;
          const high = low + span;
          const x = re[high] * c + im[high] * s;
          const y = im[high] * c - re[high] * s;
          re[high] = re[low] - x;
          im[high] = im[low] - y;
          re[low] += x;
          im[low] += y;
        }
      }
    }
  }
}
