/**
 * Audio on the wire: PCM16 at 8 kHz behind a 20-byte little-endian header,
 * version u8 | kind u8 | n_samples u16 | epoch u32 | seq u32 | sample_index u64.
 *
 * On the monitor socket the epoch's place holds the take number.
 */

export const FRAME_VERSION = 1;
export const KIND_PCM16 = 1;
export const HEADER_BYTES = 20;
export const FRAME_SAMPLES = 800;
export const WIRE_RATE_HZ = 8000;

const TWO_TO_32 = 2 ** 32;

export class FrameError extends Error {}

/** Floats in [-1, 1] to int16, rounded, with what lies outside held at full scale. NaN becomes 0. */
export function toPcm16(samples) {
  const pcm = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i += 1) {
    pcm[i] = Math.max(-32768, Math.min(32767, Math.round(samples[i] * 32768)));
  }
  return pcm;
}

/** int16 to floats in [-1, 1). */
export function toFloat32(pcm) {
  const samples = new Float32Array(pcm.length);
  for (let i = 0; i < pcm.length; i += 1) samples[i] = pcm[i] / 32768;
  return samples;
}

/** The bytes of int16 samples in the wire's order, whatever this machine's is. */
export function pcmBytes(pcm) {
  const bytes = new Uint8Array(pcm.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < pcm.length; i += 1) view.setInt16(2 * i, pcm[i], true);
  return bytes;
}

/**
 * @param {{epoch: number, seq: number, sampleIndex: number, pcm: Int16Array}} frame
 * @returns {ArrayBuffer}
 */
export function encodeFrame({ epoch, seq, sampleIndex, pcm }) {
  if (pcm.length === 0 || pcm.length > 0xffff) throw new FrameError(`a frame holds 1 to 65535 samples, not ${pcm.length}`);
  if (!Number.isSafeInteger(sampleIndex) || sampleIndex < 0) throw new FrameError(`bad sample index ${sampleIndex}`);
  const bytes = new Uint8Array(HEADER_BYTES + 2 * pcm.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, FRAME_VERSION);
  view.setUint8(1, KIND_PCM16);
  view.setUint16(2, pcm.length, true);
  view.setUint32(4, epoch, true);
  view.setUint32(8, seq, true);
  // Two halves instead of setBigUint64, which phones' browsers learnt late; 2^53 samples are 35,000 years.
  view.setUint32(12, sampleIndex % TWO_TO_32, true);
  view.setUint32(16, Math.floor(sampleIndex / TWO_TO_32), true);
  bytes.set(pcmBytes(pcm), HEADER_BYTES);
  return bytes.buffer;
}

/**
 * @param {ArrayBuffer} buffer one binary message
 * @returns {{epoch: number, seq: number, sampleIndex: number, pcm: Int16Array}}
 * @throws {FrameError} when it is not a whole frame of this version
 */
export function parseFrame(buffer) {
  if (buffer.byteLength < HEADER_BYTES) throw new FrameError(`a frame has a ${HEADER_BYTES}-byte header, not ${buffer.byteLength} bytes`);
  const view = new DataView(buffer);
  if (view.getUint8(0) !== FRAME_VERSION) throw new FrameError(`unknown frame version ${view.getUint8(0)}`);
  if (view.getUint8(1) !== KIND_PCM16) throw new FrameError(`unknown frame kind ${view.getUint8(1)}`);
  const count = view.getUint16(2, true);
  if (buffer.byteLength !== HEADER_BYTES + 2 * count) {
    throw new FrameError(`the header announces ${count} samples, the frame has ${buffer.byteLength - HEADER_BYTES} bytes of sound`);
  }
  const pcm = new Int16Array(count);
  for (let i = 0; i < count; i += 1) pcm[i] = view.getInt16(HEADER_BYTES + 2 * i, true);
  return {
    epoch: view.getUint32(4, true),
    seq: view.getUint32(8, true),
    sampleIndex: view.getUint32(16, true) * TWO_TO_32 + view.getUint32(12, true),
    pcm,
  };
}

/** Cuts a stream of int16 blocks of any length into frames of equal length. */
export class FrameCutter {
  constructor(frameSamples = FRAME_SAMPLES) {
    this.frame = new Int16Array(frameSamples);
    this.filled = 0;
  }

  /** @returns {Int16Array[]} the frames that are now full */
  push(pcm) {
    const frames = [];
    let taken = 0;
    while (taken < pcm.length) {
      const count = Math.min(this.frame.length - this.filled, pcm.length - taken);
      this.frame.set(pcm.subarray(taken, taken + count), this.filled);
      this.filled += count;
      taken += count;
      if (this.filled === this.frame.length) {
        frames.push(this.frame.slice());
        this.filled = 0;
      }
    }
    return frames;
  }

  /** @returns {Int16Array[]} the last, shorter frame, or nothing */
  flush() {
    const rest = this.filled > 0 ? [this.frame.slice(0, this.filled)] : [];
    this.filled = 0;
    return rest;
  }
}
