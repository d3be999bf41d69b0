/**
 * The phone's microphone with every voice processor off, read by an AudioWorklet at the context's own rate.
 *
 * Emits `samples` ({samples: Float32Array, frame}); `interrupted` ({why: "muted" | "ended" | "suspended"}); `restored`.
 */

import { Emitter } from "./emitter.js";

export const CONSTRAINTS = Object.freeze({
  audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 },
  video: false,
});

const SETTINGS_KEPT = ["echoCancellation", "noiseSuppression", "autoGainControl", "sampleRate", "sampleSize", "channelCount", "latency", "voiceIsolation"];

/** What the track says it does, without the device's identifiers. */
export function keptSettings(settings) {
  return Object.fromEntries(SETTINGS_KEPT.filter((name) => settings[name] !== undefined).map((name) => [name, settings[name]]));
}

/** The problem (a code of phone-state.js) behind a failure to open the microphone. */
export function problemOfError(error) {
  const byName = {
    NotAllowedError: "permission_denied",
    SecurityError: "permission_denied",
    NotFoundError: "no_microphone",
    OverconstrainedError: "no_microphone",
    NotReadableError: "microphone_busy",
    AbortError: "microphone_busy",
    TypeError: "insecure",
  };
  return byName[error.name] || "unsupported";
}

/** What stands in the way of recording in this browser: "insecure", "unsupported" or null. */
export function missingFeature(scope = globalThis) {
  if (!scope.isSecureContext) return "insecure";
  const { navigator } = scope;
  const hasAll = navigator.mediaDevices && navigator.mediaDevices.getUserMedia
    && scope.AudioContext && scope.AudioWorkletNode && scope.WebSocket && scope.ResizeObserver;
  return hasAll ? null : "unsupported";
}

export class Microphone extends Emitter {
  /** @param {string} workletUrl address of capture-processor.js */
  constructor(workletUrl) {
    super();
    this.workletUrl = workletUrl;
    this.context = null;
    this.stream = null;
    this.node = null;
  }

  get rateHz() {
    return this.context.sampleRate;
  }

  get track() {
    return this.stream.getAudioTracks()[0];
  }

  /**
   * Call it inside the tap, before anything is awaited: iOS starts an AudioContext only there. Samples begin to flow before the
   * promise is kept.
   */
  open() {
    this.context = new AudioContext();
    const resumed = this.context.resume();
    const stream = navigator.mediaDevices.getUserMedia(CONSTRAINTS);
    return this.connect(resumed, stream).catch((error) => {
      this.close();
      throw error;
    });
  }

  async connect(resumed, stream) {
    const module = this.context.audioWorklet.addModule(this.workletUrl);
    // Something else may fail, or the page close this, while the person still reads the browser's question.
    const { context } = this;
    stream.then((opened) => {
      if (this.context === context) this.stream = opened;
      else opened.getTracks().forEach((track) => track.stop());
    }, () => {});
    await Promise.all([stream, module, resumed]);
    const source = this.context.createMediaStreamSource(this.stream);
    this.node = new AudioWorkletNode(this.context, "capture", { channelCount: 1, channelCountMode: "explicit" });
    this.node.port.onmessage = ({ data }) => this.emit("samples", data);
    source.connect(this.node);
    // Safari runs only what leads to the speakers; the processor's output is silence.
    this.node.connect(this.context.destination);
    this.track.addEventListener("mute", () => this.emit("interrupted", { why: "muted" }));
    this.track.addEventListener("unmute", () => this.emit("restored"));
    this.track.addEventListener("ended", () => this.emit("interrupted", { why: "ended" }));
    this.context.addEventListener("statechange", () => this.handleState());
    return { rateHz: this.rateHz, settings: keptSettings(this.track.getSettings()), label: this.track.label };
  }

  handleState() {
    if (!this.context || this.context.state === "closed") return;
    if (this.context.state === "running") this.emit("restored");
    else this.emit("interrupted", { why: "suspended" });
  }

  /** Let go of the microphone, so that the phone's own sign for recording goes out. */
  close() {
    const { context, stream, node } = this;
    this.context = null;
    this.stream = null;
    this.node = null;
    if (node) {
      node.port.onmessage = null;
      node.port.postMessage("end");
      node.disconnect();
    }
    if (stream) stream.getTracks().forEach((track) => track.stop());
    if (context && context.state !== "closed") context.close();
  }
}
