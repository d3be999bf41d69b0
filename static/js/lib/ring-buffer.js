/**
 * The last `capacity` samples of a stream, addressed by their index since its start. Samples that never came are NaN, so that a
 * view can show a gap as a gap.
 */
export class SampleRing {
  constructor(capacity) {
    this.samples = new Float32Array(capacity).fill(NaN);
    this.end = 0;
  }

  get capacity() {
    return this.samples.length;
  }

  /** Index of the oldest sample still held. */
  get start() {
    return Math.max(0, this.end - this.capacity);
  }

  clear() {
    this.samples.fill(NaN);
    this.end = 0;
  }

  /** Put `block` at index `at`. What lies between the present end and `at` becomes a gap; a late block fills its own. */
  write(block, at = this.end) {
    const capacity = this.capacity;
    for (let i = Math.max(this.end, at - capacity); i < at; i += 1) this.samples[i % capacity] = NaN;
    this.end = Math.max(this.end, at + block.length);
    for (let i = Math.max(0, this.start - at); i < block.length; i += 1) this.samples[(at + i) % capacity] = block[i];
  }

  /** The sample at `index`, NaN where none is held. */
  at(index) {
    return index >= this.start && index < this.end ? this.samples[index % this.capacity] : NaN;
  }

  /** Samples [from, to) in order, NaN where none is held. */
  read(from, to) {
    const out = new Float32Array(Math.max(0, to - from));
    for (let i = 0; i < out.length; i += 1) out[i] = this.at(from + i);
    return out;
  }
}
