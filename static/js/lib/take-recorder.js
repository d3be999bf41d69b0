/**
 * From the microphone's samples to a take's frames: resampled to 8 kHz, cut to frames, ended at an exact number of samples. A jump
 * of the microphone's clock becomes a jump of the sample index. Pure.
 */

import { FRAME_SAMPLES, FrameCutter, toPcm16, WIRE_RATE_HZ } from "./framing.js";
import { Resampler } from "./resampler.js";

export class TakeRecorder {
  /**
   * @param {{nativeRateHz: number, totalSamples: number, onFrame: (pcm: Int16Array, sampleIndex: number) => void,
   *   onSamples?: (samples: Float32Array, sampleIndex: number) => void}} options `totalSamples` at 8 kHz, settling included
   */
  constructor({ nativeRateHz, totalSamples, onFrame, onSamples = () => {} }) {
    this.nativeRateHz = nativeRateHz;
    this.totalSamples = totalSamples;
    this.onFrame = onFrame;
    this.onSamples = onSamples;
    this.resampler = new Resampler(nativeRateHz, WIRE_RATE_HZ);
    this.cutter = new FrameCutter(FRAME_SAMPLES);
    // Samples of this take that have come out of the resampler, and where the frame being filled begins.
    this.end = 0;
    this.frameStart = 0;
    this.firstFrame = null;
    this.nextFrame = null;
    this.finished = false;
  }

  get isFull() {
    return this.end >= this.totalSamples;
  }

  /** @param {number} frame index of the first sample on the microphone's clock */
  push(samples, frame) {
    if (this.finished || this.isFull) return;
    if (this.firstFrame === null) this.firstFrame = frame;
    else if (frame !== this.nextFrame) this.jumpTo(frame);
    this.nextFrame = frame + samples.length;
    this.take(this.resampler.push(samples));
  }

  /** The microphone lost samples: close what there was, go on at the right place of the take's clock. */
  jumpTo(frame) {
    this.take(this.resampler.flush());
    this.closeFrame();
    const place = Math.round(((frame - this.firstFrame) * WIRE_RATE_HZ) / this.nativeRateHz);
    this.end = Math.min(Math.max(this.end, place), this.totalSamples);
    this.frameStart = this.end;
    this.resampler = new Resampler(this.nativeRateHz, WIRE_RATE_HZ);
  }

  take(samples) {
    const fresh = samples.subarray(0, Math.max(0, this.totalSamples - this.end));
    if (fresh.length === 0) return;
    this.onSamples(fresh, this.end);
    this.end += fresh.length;
    for (const pcm of this.cutter.push(toPcm16(fresh))) this.hand(pcm);
  }

  closeFrame() {
    for (const pcm of this.cutter.flush()) this.hand(pcm);
  }

  hand(pcm) {
    this.onFrame(pcm, this.frameStart);
    this.frameStart += pcm.length;
  }

  /** The take is over, full or not: hand out what is left. */
  finish() {
    if (this.finished) return;
    this.take(this.resampler.flush());
    this.closeFrame();
    this.finished = true;
  }
}
