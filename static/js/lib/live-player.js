/**
 * The sound of a live stream through headphones, with a stethoscope's filters. Start it from a click: browsers ask for one.
 */

import { JitterSchedule } from "./jitter-schedule.js";
import { Resampler } from "./resampler.js";

/** Pass bands in Hz: what the bell and the diaphragm of a stethoscope favour, and all that a heart gives. */
export const FILTERS_HZ = Object.freeze({ bell: [20, 200], diaphragm: [100, 800], wide: [20, 2000] });

export class LivePlayer {
  /** @param {{rateHz?: number, filter?: "bell" | "diaphragm" | "wide", gain?: number}} options */
  constructor({ rateHz = 8000, filter = "wide", gain = 4 } = {}) {
    this.rateHz = rateHz;
    this.filter = filter;
    this.gain = gain;
    this.schedule = new JitterSchedule();
    this.context = null;
  }

  get isPlaying() {
    return this.context !== null;
  }

  /** Inside a click or tap. */
  async start() {
    if (this.context) return;
    const context = new AudioContext({ latencyHint: "interactive" });
    this.context = context;
    this.highPass = new BiquadFilterNode(context, { type: "highpass" });
    this.lowPass = new BiquadFilterNode(context, { type: "lowpass" });
    this.volume = new GainNode(context);
    // A knock on the phone is 40 dB above the heart: the limiter is for the listener's ears.
    const limiter = new DynamicsCompressorNode(context, { threshold: -12, knee: 6, ratio: 20, attack: 0.002, release: 0.1 });
    this.highPass.connect(this.lowPass).connect(this.volume).connect(limiter).connect(context.destination);
    this.setFilter(this.filter);
    this.setGain(this.gain);
    this.restart();
    await context.resume();
  }

  async stop() {
    const { context } = this;
    this.context = null;
    if (context) await context.close();
  }

  /** Forget what came before: a new take begins. */
  restart() {
    this.schedule.reset();
    // The browser would resample each piece by itself and click at every seam.
    if (this.context) this.resampler = new Resampler(this.rateHz, this.context.sampleRate);
  }

  /** @param {Float32Array} samples the next piece of the stream */
  push(samples) {
    if (!this.context) return;
    const piece = this.resampler.push(samples);
    if (piece.length === 0) return;
    const { context } = this;
    const startS = this.schedule.place(piece.length / context.sampleRate, context.currentTime);
    if (startS === null) return;
    const buffer = context.createBuffer(1, piece.length, context.sampleRate);
    buffer.copyToChannel(piece, 0);
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(this.highPass);
    source.start(startS);
  }

  setFilter(name) {
    this.filter = name;
    if (!this.context) return;
    const [lowHz, highHz] = FILTERS_HZ[name];
    this.highPass.frequency.value = lowHz;
    this.lowPass.frequency.value = highHz;
  }

  /** @param {number} gain a factor, 1 is as recorded */
  setGain(gain) {
    this.gain = gain;
    // Ramped, because a jump is a click in the ear.
    if (this.context) this.volume.gain.setTargetAtTime(gain, this.context.currentTime, 0.02);
  }
}
