/** One take after another: microphone, frames to the client, live line and level, the end in its time. */

import { WIRE_RATE_HZ } from "../lib/framing.js";
import { LevelMeter } from "../lib/level.js";
import { Microphone } from "../lib/microphone.js";
import { SampleRing } from "../lib/ring-buffer.js";
import { TakeRecorder } from "../lib/take-recorder.js";
import { randomUuid } from "../lib/uuid.js";
import { WakeLock } from "../lib/wake-lock.js";
import { WaveformView } from "../lib/waveform.js";

const SHOWN_S = 4;
// A track may be mute for an instant while the phone switches its audio route; a call lasts longer.
const INTERRUPTION_GRACE_MS = 1200;
// A new audio graph drops a few blocks while it settles (seen in Chromium); they would be a gap in the recording.
const WARM_UP_S = 0.3;
const SILENT_AFTER_SAMPLES = 1.5 * WIRE_RATE_HZ;

export class PhoneRecorder {
  /**
   * @param {{client: object, workletUrl: string, canvas: HTMLCanvasElement,
   *   onSound: (state: {samples: number, isSilent: boolean}) => void, onLevel: (meter: LevelMeter) => void,
   *   onEnd: (reason: "full" | "stopped" | "interrupted") => void}} options `client` is a CaptureClient
   */
  constructor({ client, workletUrl, canvas, onSound, onLevel, onEnd }) {
    Object.assign(this, { client, workletUrl, canvas, onSound, onLevel, onEnd });
    this.ring = new SampleRing(SHOWN_S * WIRE_RATE_HZ);
    this.meter = new LevelMeter();
    this.wakeLock = new WakeLock();
    this.view = null;
    this.microphone = null;
    this.take = null;
    this.graceTimer = null;
  }

  /**
   * Call it inside the tap. Settles when sound is being recorded; throws what the browser threw about the microphone.
   *
   * @param {{target_s: number, settle_s: number, site: string, posture: string}} session
   */
  async start(session) {
    const microphone = new Microphone(this.workletUrl);
    this.microphone = microphone;
    const { rateHz, settings, label } = await microphone.open();
    // Cancelled while the browser asked.
    if (this.microphone !== microphone) return;
    this.wakeLock.hold();
    this.ring.clear();
    this.meter.reset();
    this.silentSamples = 0;
    this.warmUpSamples = WARM_UP_S * rateHz;
    if (!this.view) {
      this.view = new WaveformView(this.canvas, { ring: this.ring, rateHz: WIRE_RATE_HZ, seconds: SHOWN_S, saysGain: false });
    }
    this.client.startTake({
      recording: randomUuid(),
      site: session.site,
      posture: session.posture,
      nativeRateHz: rateHz,
      trackSettings: settings,
      deviceLabel: label,
      clientTimeMs: Date.now(),
    });
    this.take = new TakeRecorder({
      nativeRateHz: rateHz,
      totalSamples: (session.settle_s + session.target_s) * WIRE_RATE_HZ,
      onFrame: (pcm, sampleIndex) => this.client.addFrame(pcm, sampleIndex),
      onSamples: (samples, sampleIndex) => this.show(samples, sampleIndex),
    });
    microphone.on("samples", ({ samples, frame }) => this.receive(samples, frame));
    microphone.on("interrupted", () => this.waitForReturn());
    microphone.on("restored", () => clearTimeout(this.graceTimer));
    if (microphone.track.muted) this.waitForReturn();
    this.drawNext();
  }

  receive(samples, frame) {
    if (!this.take) return;
    if (this.warmUpSamples > 0) {
      this.warmUpSamples -= samples.length;
      return;
    }
    this.take.push(samples, frame);
    this.onSound({ samples: this.take.end, isSilent: this.silentSamples >= SILENT_AFTER_SAMPLES });
    if (this.take.isFull) this.end("full");
  }

  show(samples, sampleIndex) {
    this.ring.write(samples, sampleIndex);
    this.meter.push(samples);
    // A microphone in a silent room still has noise; nothing but zeros is no microphone.
    this.silentSamples = samples.every((sample) => sample === 0) ? this.silentSamples + samples.length : 0;
  }

  waitForReturn() {
    clearTimeout(this.graceTimer);
    this.graceTimer = setTimeout(() => this.end("interrupted"), INTERRUPTION_GRACE_MS);
  }

  drawNext() {
    requestAnimationFrame(() => {
      if (!this.take) return;
      this.view.draw();
      this.onLevel(this.meter);
      this.drawNext();
    });
  }

  /** The take is over: what is left goes out, the microphone is let go. */
  end(reason) {
    const { take } = this;
    if (!take) return;
    this.take = null;
    take.finish();
    this.letGo();
    this.client.finishTake();
    this.onEnd(reason);
  }

  /** Nothing more can be sent: keep what there is for the file. */
  abandon() {
    if (this.take) this.take.finish();
    this.take = null;
    this.letGo();
  }

  letGo() {
    clearTimeout(this.graceTimer);
    this.wakeLock.release();
    if (this.microphone) this.microphone.close();
    this.microphone = null;
  }
}
