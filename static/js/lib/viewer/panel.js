/**
 * Brings a recording panel to life: fetches the sound, draws it, and wires its controls. The markup is templates/analysis/_panel.html.
 */

import { FILTERS_HZ } from "../live-player.js";
import { parseWav } from "../wav.js";
import { SoundPlayer } from "./player.js";
import { SoundView } from "./sound-view.js";
import { formatTime } from "./timeline.js";

const STEP_S = 0.2;
const ZOOM_STEP = 1.6;
const DRAG_PX = 4;
const SCROLL_STEPS = 1000;

export class RecordingPanel {
  /** @param {HTMLElement} root an element with data-recording-panel */
  constructor(root) {
    this.root = root;
    this.abort = new AbortController();
    this.readMarks();
    if (this.part("canvas")) this.load();
  }

  get recording() {
    return this.root.dataset.recording;
  }

  part(name) {
    return this.root.querySelector(`[data-${name}]`);
  }

  readMarks() {
    const marks = this.root.querySelector("#heart-sound-marks");
    this.marks = marks ? JSON.parse(marks.textContent) : { s1: [], s2: [] };
  }

  async load() {
    try {
      const response = await fetch(this.part("sound").dataset.audio, { signal: this.abort.signal });
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      const buffer = await response.arrayBuffer();
      const { samples, rateHz } = parseWav(buffer);
      this.show(samples, rateHz, new Blob([buffer], { type: "audio/wav" }));
    } catch (error) {
      if (error.name === "AbortError") return;
      this.part("message").textContent = `The sound could not be loaded: ${error.message}. Reload the page to try again.`;
    }
  }

  show(samples, rateHz, blob) {
    this.part("message").hidden = true;
    const gaps = JSON.parse(this.root.querySelector("#recording-gaps").textContent);
    this.view = new SoundView(this.part("canvas"), { samples, rateHz, gaps });
    this.view.setMarks(this.marks);
    this.player = new SoundPlayer(blob);
    this.player.on("time", ({ timeS }) => this.atTime(timeS));
    this.player.on("state", ({ playing }) => this.atState(playing));
    for (const option of [...this.part("max-hz").options]) {
      if (Number(option.value) > Math.max(1000, rateHz / 2)) option.remove();
    }
    this.wirePlayback();
    this.wirePlot();
    this.root.dataset.ready = "true";
  }

  wirePlayback() {
    const on = (name, type, act) => this.part(name).addEventListener(type, act);
    on("play", "click", () => this.toggle());
    on("loop", "click", () => this.toggleLoop());
    on("rate", "change", (event) => this.player.setRate(Number(event.target.value)));
    on("filter", "change", (event) => this.player.setBand(event.target.value === "wide" ? null : FILTERS_HZ[event.target.value]));
    on("gain", "input", (event) => {
      event.target.setAttribute("aria-valuetext", `${event.target.value} dB`);
      this.player.setGain(10 ** (Number(event.target.value) / 20));
    });
    on("axis", "change", (event) => this.view.setSpectrogram({ axis: event.target.value }));
    on("max-hz", "change", (event) => this.view.setSpectrogram({ maxHz: Number(event.target.value) }));
    for (const button of this.root.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => this.zoom(button.dataset.zoom));
    }
    on("scroll", "input", (event) => {
      const line = this.view.timeline;
      line.moveTo((Number(event.target.value) / SCROLL_STEPS) * (line.durationS - line.spanS));
      this.view.draw();
    });
  }

  wirePlot() {
    const plot = this.part("plot");
    const at = (event) => {
      const box = this.part("canvas").getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    let pressed = null;
    plot.addEventListener("pointerdown", (event) => {
      pressed = at(event);
      plot.setPointerCapture(event.pointerId);
    });
    plot.addEventListener("pointermove", (event) => {
      const here = at(event);
      if (pressed && Math.abs(here.x - pressed.x) > DRAG_PX) {
        this.view.setSelection([pressed.x, here.x].map((x) => this.view.timeAt(x)).sort((a, b) => a - b));
      }
      this.view.setCursor(here);
      this.readOut(this.view.describe(here));
    });
    plot.addEventListener("pointerup", (event) => {
      const dragged = pressed && Math.abs(at(event).x - pressed.x) > DRAG_PX;
      if (pressed && !dragged) {
        this.select(null);
        this.player.play(this.view.timeAt(pressed.x));
      } else if (dragged) {
        this.select(this.view.selection);
      }
      pressed = null;
    });
    plot.addEventListener("pointercancel", () => { pressed = null; });
    plot.addEventListener("pointerleave", () => this.view.setCursor(null));
    plot.addEventListener("wheel", (event) => this.wheel(event, at(event)), { passive: false });
    plot.addEventListener("keydown", (event) => this.key(event));
  }

  wheel(event, { x }) {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.view.timeline.zoom(event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP, this.view.plotX(x));
    } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) && !this.view.timeline.isWhole) {
      event.preventDefault();
      this.view.timeline.moveBy((event.deltaX / this.view.timeline.widthPx) * this.view.timeline.spanS);
    } else {
      return;
    }
    this.moved();
  }

  key(event) {
    const acts = {
      " ": () => this.toggle(),
      ArrowLeft: () => this.player.seek(Math.max(0, this.player.timeS - STEP_S)),
      ArrowRight: () => this.player.seek(Math.min(this.view.durationS, this.player.timeS + STEP_S)),
      "+": () => this.zoom("in"),
      "=": () => this.zoom("in"),
      "-": () => this.zoom("out"),
      0: () => this.zoom("fit"),
      l: () => this.toggleLoop(),
    };
    if (!acts[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    acts[event.key]();
  }

  zoom(direction) {
    const line = this.view.timeline;
    if (direction === "fit") line.fit();
    else line.zoom(direction === "in" ? ZOOM_STEP : 1 / ZOOM_STEP, line.toPx(this.player.timeS) > 0 ? undefined : 0);
    this.moved();
  }

  moved() {
    const line = this.view.timeline;
    const scroll = this.part("scroll");
    scroll.hidden = line.isWhole;
    if (!line.isWhole) scroll.value = String(Math.round((SCROLL_STEPS * line.startS) / (line.durationS - line.spanS)));
    this.view.draw();
  }

  toggle() {
    if (this.player.playing) this.player.pause();
    else this.player.play();
  }

  toggleLoop() {
    const on = this.part("loop").getAttribute("aria-pressed") !== "true";
    this.part("loop").setAttribute("aria-pressed", String(on));
    this.applyLoop();
  }

  select(range) {
    this.view.setSelection(range);
    this.applyLoop();
  }

  applyLoop() {
    const on = this.part("loop").getAttribute("aria-pressed") === "true";
    // The end is left a little early: an element that has ended does not come back by itself.
    this.player.setLoop(on ? this.view.selection || [0, this.view.durationS - 0.05] : null);
  }

  atTime(timeS) {
    this.view.setPlayhead(timeS, this.player.playing);
    if (this.player.playing) this.moved();
  }

  atState(playing) {
    const button = this.part("play");
    button.textContent = playing ? "Pause" : "Play";
    button.setAttribute("aria-pressed", String(playing));
  }

  readOut({ timeS, hz, db }) {
    const parts = [`${formatTime(timeS, 0.01)} s`];
    if (hz !== undefined) parts.push(`${Math.round(hz)} Hz`, Number.isNaN(db) ? "" : `${db.toFixed(0)} dB`);
    this.part("readout").textContent = parts.filter(Boolean).join(" · ");
  }

  /** Say how far the analysis is. */
  showProgress({ stage, fraction }) {
    const text = this.part("analysis-stage");
    if (!text) return;
    text.textContent = stage ? `Analysing: ${stage}` : "Analysing";
    if (fraction > 0) this.part("analysis-progress").value = fraction;
  }

  /** Fetch the result as the server now shows it to this user, and put it in place. */
  async refreshResult() {
    const response = await fetch(this.root.dataset.resultUrl, { signal: this.abort.signal });
    if (!response.ok) return;
    const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
    this.part("result").replaceWith(parsed.querySelector("[data-result]"));
    this.readMarks();
    if (this.view) this.view.setMarks(this.marks);
  }

  get isPending() {
    return ["queued", "running"].includes(this.part("result").dataset.status);
  }

  close() {
    this.abort.abort();
    if (this.player) this.player.pause();
    if (this.view) this.view.close();
  }
}
