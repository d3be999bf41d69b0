// The live card: what the phone hears now, as a line, as a spectrogram and, if switched on, through headphones.

import { LevelMeter } from "../lib/level.js";
import { LivePlayer } from "../lib/live-player.js";
import { SampleRing } from "../lib/ring-buffer.js";
import { LiveSpectrogramView } from "../lib/spectrogram-view.js";
import { WaveformView } from "../lib/waveform.js";

const RATE_HZ = 8000;
const SHOWN_S = 6;
const PHONE_TEXT = {
  waiting: "Waiting for the phone",
  connected: "Phone connected",
  recording: "Recording",
  disconnected: "Phone not connected",
};
const LOST_IN_TAKE = "Phone out of reach; it keeps recording and catches up";

export class LiveCard {
  constructor(root, { targetS, settleS }) {
    this.root = root;
    this.targetS = targetS;
    this.settleS = settleS;
    this.ring = new SampleRing(RATE_HZ * SHOWN_S);
    this.wave = new WaveformView(this.part("wave"), { ring: this.ring, rateHz: RATE_HZ, seconds: SHOWN_S });
    this.spectrogram = new LiveSpectrogramView(this.part("spectrogram"), { seconds: SHOWN_S });
    this.meter = new LevelMeter();
    this.player = new LivePlayer();
    this.take = null;
    this.dirty = false;
    this.wireListening();
    const draw = () => {
      if (this.dirty) this.draw();
      requestAnimationFrame(draw);
    };
    draw();
  }

  part(name) {
    return this.root.querySelector(`[data-${name}]`);
  }

  wireListening() {
    const button = this.part("listen");
    button.addEventListener("click", async () => {
      if (this.player.isPlaying) await this.player.stop();
      else await this.player.start();
      button.setAttribute("aria-pressed", String(this.player.isPlaying));
      button.textContent = this.player.isPlaying ? "Stop listening" : "Listen";
    });
    this.part("live-filter").addEventListener("change", (event) => this.player.setFilter(event.target.value));
    const gain = this.part("live-gain");
    const apply = () => {
      gain.setAttribute("aria-valuetext", `${gain.value} dB`);
      this.player.setGain(10 ** (Number(gain.value) / 20));
    };
    gain.addEventListener("input", apply);
    apply();
  }

  setTimes(targetS, settleS) {
    this.targetS = targetS;
    this.settleS = settleS;
    this.showClock();
  }

  showConnection({ state }) {
    if (state === "lost") this.setStatus("disconnected", "Connection to the server lost; trying again");
    if (state === "closed") this.setStatus("disconnected", "This view was closed. Reload the page.");
  }

  showPhone({ state, device, native_rate_hz: nativeRateHz }) {
    this.setStatus(state, state === "disconnected" && this.take ? LOST_IN_TAKE : PHONE_TEXT[state] || state);
    const rate = nativeRateHz ? `${(nativeRateHz / 1000).toFixed(1).replace(".0", "")} kHz to 8 kHz` : "";
    this.part("device").textContent = [device, rate].filter(Boolean).join(" · ");
  }

  setStatus(state, text) {
    const status = this.part("phone-status");
    status.dataset.state = state;
    status.textContent = text;
  }

  startTake({ recording, number, native_rate_hz, device }) {
    this.take = { recording, number, lost: 0 };
    this.ring.clear();
    this.spectrogram.clear();
    this.meter.reset();
    this.player.restart();
    if (device || native_rate_hz) this.showPhone({ state: "recording", device, native_rate_hz });
    else this.setStatus("recording", PHONE_TEXT.recording);
    this.dirty = true;
  }

  write({ take, sampleIndex, samples }) {
    if (this.take && take !== this.take.number) return;
    // Joining late is no loss: what came before is stored, only not shown here.
    if (this.ring.end > 0 && sampleIndex > this.ring.end) this.take.lost += sampleIndex - this.ring.end;
    this.ring.write(samples, sampleIndex);
    this.spectrogram.write(samples, sampleIndex);
    this.meter.push(samples);
    this.player.push(samples);
    this.dirty = true;
  }

  endTake(text) {
    this.take = null;
    this.setStatus("connected", text);
  }

  draw() {
    this.dirty = false;
    this.wave.draw();
    this.spectrogram.draw();
    this.part("level").value = this.meter.rmsDbfs;
    this.part("level-text").textContent = this.meter.clipping ? "too loud" : `${Math.round(this.meter.rmsDbfs)} dB`;
    this.part("lost").textContent = this.take?.lost ? `${(this.take.lost / RATE_HZ).toFixed(1)} s not shown live` : "";
    this.showClock();
  }

  showClock() {
    const elapsedS = this.ring.end / RATE_HZ;
    const usableS = elapsedS - this.settleS;
    const clock = (seconds) => `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
    const settling = this.take && usableS < 0;
    this.part("clock").textContent = `${settling ? "settling " : ""}${clock(Math.max(0, usableS))} / ${clock(this.targetS)}`;
  }
}
