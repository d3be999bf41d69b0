/**
 * Plays one sound: from anywhere, in a loop, slower without lowering its pitch, through the filters a stethoscope has.
 *
 * Emits "state" (playing or not) and "time" (seconds, once a frame while playing).
 */

import { Emitter } from "../emitter.js";
import { FILTERS_HZ } from "../live-player.js";

export class SoundPlayer extends Emitter {
  /** @param {Blob} blob a WAV file */
  constructor(blob) {
    super();
    this.element = new Audio(URL.createObjectURL(blob));
    this.element.preservesPitch = true;
    this.loop = null;
    this.nodes = null;
    this.band = FILTERS_HZ.wide;
    this.gain = 1;
    for (const type of ["play", "pause", "ended"]) {
      this.element.addEventListener(type, () => this.emit("state", { playing: this.playing }));
    }
    this.element.addEventListener("play", () => this.tick());
  }

  get playing() {
    return !this.element.paused && !this.element.ended;
  }

  get timeS() {
    return this.element.currentTime;
  }

  async play(fromS = null) {
    this.connect();
    // A context made before the first gesture is suspended; this call is inside one.
    await this.nodes.context.resume();
    if (fromS !== null) this.element.currentTime = fromS;
    else if (this.loop && (this.timeS < this.loop[0] || this.timeS >= this.loop[1])) this.element.currentTime = this.loop[0];
    await this.element.play();
  }

  pause() {
    this.element.pause();
  }

  seek(timeS) {
    this.element.currentTime = timeS;
    this.emit("time", { timeS });
  }

  /** Repeat [fromS, toS], or nothing with null. */
  setLoop(range) {
    this.loop = range;
  }

  setRate(rate) {
    this.element.playbackRate = rate;
  }

  setGain(gain) {
    this.gain = gain;
    if (this.nodes) this.nodes.gain.gain.value = gain;
  }

  /** @param {[number, number]|null} band pass band in Hz, null for everything */
  setBand(band) {
    this.band = band;
    if (this.nodes) this.wire();
  }

  connect() {
    if (this.nodes) return;
    const context = new AudioContext();
    this.nodes = { context, source: context.createMediaElementSource(this.element), gain: context.createGain(), filters: [] };
    this.nodes.gain.gain.value = this.gain;
    this.nodes.gain.connect(context.destination);
    this.wire();
  }

  wire() {
    const { context, source, gain, filters } = this.nodes;
    for (const node of [source, ...filters]) node.disconnect();
    this.nodes.filters = this.band
      ? [biquad(context, "highpass", this.band[0]), biquad(context, "lowpass", this.band[1])]
      : [];
    const chain = [source, ...this.nodes.filters, gain];
    chain.slice(1).forEach((node, i) => chain[i].connect(node));
  }

  tick() {
    if (this.loop && this.timeS >= this.loop[1]) this.element.currentTime = this.loop[0];
    this.emit("time", { timeS: this.timeS });
    if (this.playing) requestAnimationFrame(() => this.tick());
  }
}

function biquad(context, type, frequencyHz) {
  const filter = context.createBiquadFilter();
  filter.type = type;
  filter.frequency.value = frequencyHz;
  filter.Q.value = Math.SQRT1_2;
  return filter;
}
