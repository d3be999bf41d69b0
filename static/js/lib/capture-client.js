/**
 * The phone's side of the capture protocol. Nothing recorded is dropped: a take's frames go out as the server's credit allows,
 * again from where the server wants them after a loss of the network, and as a new recording if the server closed the old one.
 *
 * Emits `welcome`, `consented`, `started`, `stored`, `settings` (the server's messages), `refused` ({code, message}: an error that
 * leaves the connection open), `progress` ({waitingSamples, acknowledgedSamples}), `lost` ({attempt}), `closed` ({code, error}).
 */

import { ByteBudget } from "./byte-budget.js";
import { Emitter } from "./emitter.js";
import { encodeFrame, HEADER_BYTES } from "./framing.js";
import { LiveSocket } from "./live-socket.js";
import * as messages from "./messages.js";
import { Outbox } from "./outbox.js";
import { browserTimers } from "./timers.js";
import { randomUuid } from "./uuid.js";

const PING_EVERY_MS = 4000;
// Below the server's rate, because the two clocks and the control messages are not counted here.
const RATE_SHARE = 0.7;
// Each is another take on the clinician's list, so a server that keeps failing is not given more.
const MAX_RESENDS = 1;

export class CaptureClient extends Emitter {
  /** @param {{url: string, client?: object, openSocket?: Function, timers?: object, newUuid?: () => string}} options */
  constructor({ url, client = {}, openSocket, timers = browserTimers, newUuid = randomUuid }) {
    super();
    this.client = client;
    this.timers = timers;
    this.newUuid = newUuid;
    this.socket = new LiveSocket({ url, openSocket, timers, pingEveryMs: PING_EVERY_MS });
    this.secret = null;
    this.epoch = null;
    this.credit = 0;
    this.budget = null;
    this.outbox = null;
    this.takeStart = null;
    this.phase = "idle";
    this.resends = 0;
    this.lastError = null;
    this.pumpTimer = null;
    this.socket.on("open", () => this.socket.send(messages.hello(this.secret, this.client)));
    this.socket.on("text", (text) => this.receive(messages.parseMessage(text)));
    this.socket.on("lost", (loss) => {
      this.epoch = null;
      this.emit("lost", loss);
    });
    this.socket.on("closed", ({ code }) => {
      this.epoch = null;
      this.emit("closed", { code, error: this.lastError });
    });
  }

  /** @param {{token: string} | {code: string} | {credential: string}} secret */
  connect(secret) {
    this.secret = secret;
    this.lastError = null;
    this.socket.settle();
    this.socket.open();
  }

  retryNow() {
    this.socket.retryNow();
  }

  close() {
    this.timers.clear(this.pumpTimer);
    this.socket.close();
  }

  giveConsent(consent) {
    return this.socket.send(messages.consent(consent));
  }

  /** Open a take; its frames may follow at once, whatever the connection does. */
  startTake(start) {
    this.outbox = new Outbox(start.recording);
    this.takeStart = start;
    this.resends = 0;
    this.phase = "starting";
    this.sendStart();
  }

  addFrame(pcm, sampleIndex) {
    this.outbox.add(pcm, sampleIndex);
    this.pump();
    this.reportProgress();
  }

  /** No more frames will come: send what is left, then the stop. */
  finishTake() {
    this.outbox.finish();
    this.pump();
  }

  receive(message) {
    const handlers = {
      welcome: () => this.welcome(message),
      started: () => this.started(message),
      ack: () => this.acknowledged(message),
      stored: () => this.stored(message),
      error: () => this.failed(message),
      consented: () => this.emit("consented", message),
      settings: () => this.emit("settings", message),
      revoked: () => {
        this.lastError = { code: "phone.revoked", message: "", reason: message.reason };
      },
    };
    // A type this page does not know is a newer server's; the protocol says to ignore it.
    if (Object.prototype.hasOwnProperty.call(handlers, message.type)) handlers[message.type]();
  }

  welcome(message) {
    this.socket.settle();
    if (message.credential) this.secret = { credential: message.credential };
    this.lastError = null;
    this.epoch = message.epoch;
    this.credit = message.credit;
    const bytesPerS = RATE_SHARE * message.max_bytes_per_s;
    this.budget = new ByteBudget({ bytesPerS, burstBytes: bytesPerS, nowMs: this.timers.now() });
    this.emit("welcome", message);
    this.pickUp(message.resume);
  }

  /** After a reconnect: go on with the take where the server says it is. */
  pickUp(resume) {
    if (this.phase === "idle") return;
    if (resume && resume.recording === this.outbox.recording) {
      this.outbox.resumeFrom(resume.next_seq);
      this.phase = "streaming";
      this.pump();
    } else if (this.phase === "starting") {
      this.sendStart();
    } else if (this.phase === "stopping") {
      // The answer to the stop may be all that was lost; asking again is harmless.
      this.sendStop();
    } else {
      this.resend();
    }
  }

  started(message) {
    if (this.phase !== "starting" || message.recording !== this.outbox.recording) return;
    this.phase = "streaming";
    this.emit("started", message);
    this.pump();
  }

  acknowledged({ recording, seq, credit }) {
    if (!this.outbox || recording !== this.outbox.recording) return;
    this.credit = credit;
    this.outbox.acknowledge(seq);
    this.pump();
    this.reportProgress();
  }

  stored(message) {
    const ours = this.phase !== "idle" && message.recording === this.outbox.recording;
    if (ours && !message.match && this.outbox.finished && this.resends < MAX_RESENDS) {
      this.resend();
      return;
    }
    // A repeated answer, or one to an earlier take, must not pass for the end of this one.
    if (!ours) return;
    this.phase = "idle";
    this.outbox.acknowledge(this.outbox.frames.length - 1);
    this.emit("stored", message);
  }

  failed({ code, message, fatal }) {
    this.lastError = { code, message };
    if (fatal) {
      // A wrong code stays wrong, and trying it again would lock this address out.
      if (code.startsWith("pairing.") || code.startsWith("session.")) this.socket.giveUp();
      return;
    }
    if (this.phase === "stopping" && code === "recording.unknown" && this.resends < MAX_RESENDS) {
      this.resend();
      return;
    }
    if (this.phase !== "idle" && code !== "consent.refused") this.phase = "idle";
    this.emit("refused", { code, message });
  }

  /** The server closed this recording without all of it (or never had it): all of it again, as another one. */
  resend() {
    this.resends += 1;
    this.outbox.restartAs(this.newUuid());
    this.takeStart = { ...this.takeStart, recording: this.outbox.recording };
    this.phase = "starting";
    this.sendStart();
  }

  sendStart() {
    if (this.epoch !== null) this.socket.send(messages.start(this.takeStart));
  }

  sendStop() {
    this.phase = "stopping";
    this.socket.send(messages.stop(this.outbox.summary));
  }

  pump() {
    if (this.phase !== "streaming" || this.epoch === null) return;
    for (let frame = this.outbox.peek(this.credit); frame; frame = this.outbox.peek(this.credit)) {
      const waitMs = this.budget.take(HEADER_BYTES + 2 * frame.pcm.length, this.timers.now());
      if (waitMs > 0) {
        this.timers.clear(this.pumpTimer);
        this.pumpTimer = this.timers.set(() => this.pump(), waitMs);
        return;
      }
      if (!this.socket.send(encodeFrame({ ...frame, epoch: this.epoch }))) return;
      this.outbox.sent();
    }
    if (this.outbox.isAllSent) this.sendStop();
  }

  reportProgress() {
    const { waitingSamples, samples } = this.outbox;
    this.emit("progress", { waitingSamples, acknowledgedSamples: samples - waitingSamples });
  }
}
