/**
 * The desktop's side of a session's live view (`/ws/monitor/<session>/`, read-only).
 *
 * Emits the server's messages under their type (`welcome`, `phone`, `take`, `stored`, `failed`, `settings`, `analysis`, `error`);
 * `audio` ({take, seq, sampleIndex, samples}: floats at 8 kHz; a jump of sampleIndex is a gap); `connection` ({state: "connecting" |
 * "open" | "lost" | "closed", attempt?, code?}).
 */

import { Emitter } from "./emitter.js";
import { parseFrame, toFloat32 } from "./framing.js";
import { LiveSocket } from "./live-socket.js";
import { parseMessage } from "./messages.js";
import { browserTimers } from "./timers.js";

const MESSAGE_TYPES = new Set(["welcome", "phone", "take", "stored", "failed", "settings", "analysis", "error"]);

export class MonitorClient extends Emitter {
  /** @param {{url: string, openSocket?: Function, timers?: object}} options */
  constructor({ url, openSocket, timers = browserTimers }) {
    super();
    this.socket = new LiveSocket({ url, openSocket, timers });
    this.socket.on("open", () => this.emit("connection", { state: "open" }));
    this.socket.on("lost", ({ attempt, code }) => this.emit("connection", { state: "lost", attempt, code }));
    this.socket.on("closed", ({ code }) => this.emit("connection", { state: "closed", code }));
    this.socket.on("text", (text) => this.receive(parseMessage(text)));
    this.socket.on("binary", (buffer) => {
      const { epoch, seq, sampleIndex, pcm } = parseFrame(buffer);
      this.emit("audio", { take: epoch, seq, sampleIndex, samples: toFloat32(pcm) });
    });
  }

  open() {
    this.emit("connection", { state: "connecting" });
    this.socket.open();
  }

  close() {
    this.socket.close();
  }

  receive(message) {
    if (message.type === "welcome") this.socket.settle();
    if (MESSAGE_TYPES.has(message.type)) this.emit(message.type, message);
  }
}

/** The address of a socket on the host this page came from. */
export function socketUrl(path, location = window.location) {
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`;
}
