/**
 * One take on its way to the server: every frame, what has been sent, what has been acknowledged, and the hash of it all.
 *
 * Frames stay until the take is let go, so that the phone can offer the file and send the take again from any point.
 */

import { pcmBytes } from "./framing.js";
import { Sha256 } from "./sha256.js";

export class Outbox {
  constructor(recording) {
    this.recording = recording;
    this.frames = [];
    this.samples = 0;
    this.end = 0;
    this.hash = new Sha256();
    this.finished = false;
    this.nextSeq = 0;
    this.ackedSeq = -1;
  }

  /** @param {number} sampleIndex place of the first sample on the take's own clock; a jump is sound this phone lost */
  add(pcm, sampleIndex = this.end) {
    if (this.finished) throw new Error("the take is finished");
    if (sampleIndex < this.end) throw new RangeError(`sample ${sampleIndex} lies before the end, ${this.end}`);
    this.frames.push({ seq: this.frames.length, sampleIndex, pcm });
    this.samples += pcm.length;
    this.end = sampleIndex + pcm.length;
    this.hash.update(pcmBytes(pcm));
  }

  finish() {
    this.finished = true;
  }

  /** The next frame that may go out under the window of `credit` unacknowledged frames, or null. It stays next until `sent`. */
  peek(credit) {
    return this.nextSeq < this.frames.length && this.nextSeq <= this.ackedSeq + credit ? this.frames[this.nextSeq] : null;
  }

  sent() {
    this.nextSeq += 1;
  }

  acknowledge(seq) {
    this.ackedSeq = Math.max(this.ackedSeq, Math.min(seq, this.frames.length - 1));
    this.nextSeq = Math.max(this.nextSeq, this.ackedSeq + 1);
  }

  /** The server holds everything before `seq` and wants the rest again. */
  resumeFrom(seq) {
    this.ackedSeq = seq - 1;
    this.nextSeq = seq;
  }

  /** Everything again, as another recording. */
  restartAs(recording) {
    this.recording = recording;
    this.resumeFrom(0);
  }

  /** Samples that the server has not confirmed. */
  get waitingSamples() {
    let waiting = 0;
    for (let seq = this.ackedSeq + 1; seq < this.frames.length; seq += 1) waiting += this.frames[seq].pcm.length;
    return waiting;
  }

  get isAllSent() {
    return this.finished && this.nextSeq === this.frames.length;
  }

  get summary() {
    return { recording: this.recording, frames: this.frames.length, samples: this.samples, sha256: this.hash.hex() };
  }

  /** The sound as it was captured, for a file: lost stretches are silence, as they are on the server. */
  get pcmChunks() {
    const chunks = [];
    let end = 0;
    for (const { sampleIndex, pcm } of this.frames) {
      if (sampleIndex > end) chunks.push(new Int16Array(sampleIndex - end));
      chunks.push(pcm);
      end = sampleIndex + pcm.length;
    }
    return chunks;
  }
}
