/**
 * A WebSocket that comes back: reconnects with growing delays, notices a connection that died without saying so, and stops for
 * good at a final close code.
 *
 * Emits `open`; `text` (string); `binary` (ArrayBuffer); `lost` ({attempt, delayMs, code}) before each new attempt; `closed`
 * ({code}) once, when it will not try again.
 */

import { Emitter } from "./emitter.js";
import { isFinalCode, ping } from "./messages.js";
import { browserTimers } from "./timers.js";

const RETRY_DELAYS_MS = [250, 500, 1000, 2000, 4000, 5000];
const CONNECT_TIMEOUT_MS = 8000;
// The browser's code for a connection that ended without a close frame.
const ABNORMAL = 1006;

export class LiveSocket extends Emitter {
  /**
   * @param {{url: string, openSocket?: (url: string) => WebSocket, timers?: typeof browserTimers, random?: () => number,
   *   pingEveryMs?: number}} options with `pingEveryMs` it sends pings and takes three intervals of silence for a dead line
   */
  constructor({ url, openSocket = (address) => new WebSocket(address), timers = browserTimers, random = Math.random, pingEveryMs = 0 }) {
    super();
    this.url = url;
    this.openSocket = openSocket;
    this.timers = timers;
    this.random = random;
    this.pingEveryMs = pingEveryMs;
    this.socket = null;
    this.attempt = 0;
    this.ended = false;
    this.isLastTry = false;
    this.retryTimer = null;
    this.watchTimer = null;
  }

  get isOpen() {
    return this.socket !== null && this.socket.readyState === 1;
  }

  open() {
    this.ended = false;
    this.isLastTry = false;
    const socket = this.openSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.heardMs = this.timers.now();
      this.watch();
      this.emit("open");
    };
    socket.onmessage = ({ data }) => {
      this.heardMs = this.timers.now();
      this.emit(typeof data === "string" ? "text" : "binary", data);
    };
    socket.onclose = ({ code }) => this.handleClose(code);
    this.timers.clear(this.watchTimer);
    this.watchTimer = this.timers.set(() => this.abandon(), CONNECT_TIMEOUT_MS);
  }

  /** @returns {boolean} whether there was an open connection to put it on */
  send(data) {
    if (!this.isOpen) return false;
    this.socket.send(data);
    return true;
  }

  /** The other side has let us in: the next loss starts again with the shortest delay. */
  settle() {
    this.attempt = 0;
  }

  /** Another attempt would end as this one will: whatever the close code, do not come back. */
  giveUp() {
    this.isLastTry = true;
  }

  /** Try now instead of at the end of the delay, say because the phone is back in the network. */
  retryNow() {
    if (this.ended || this.retryTimer === null) return;
    this.timers.clear(this.retryTimer);
    this.retryTimer = null;
    this.open();
  }

  /** End it from this side. Nothing more is emitted. */
  close() {
    this.ended = true;
    this.release(1000);
    this.timers.clear(this.retryTimer);
    this.retryTimer = null;
  }

  /** Give up on a connection that does not answer, without waiting for the browser to agree. */
  abandon() {
    this.release();
    this.handleClose(ABNORMAL);
  }

  release(code) {
    this.timers.clear(this.watchTimer);
    if (!this.socket) return;
    this.socket.onopen = null;
    this.socket.onmessage = null;
    this.socket.onclose = null;
    this.socket.close(code);
    this.socket = null;
  }

  handleClose(code) {
    this.timers.clear(this.watchTimer);
    this.socket = null;
    if (this.isLastTry || isFinalCode(code)) {
      this.ended = true;
      this.emit("closed", { code });
      return;
    }
    const longest = RETRY_DELAYS_MS[Math.min(this.attempt, RETRY_DELAYS_MS.length - 1)];
    // Twenty phones that lost one server must not all come back in the same instant.
    const delayMs = longest * (0.75 + 0.5 * this.random());
    this.attempt += 1;
    this.retryTimer = this.timers.set(() => {
      this.retryTimer = null;
      this.open();
    }, delayMs);
    this.emit("lost", { attempt: this.attempt, delayMs, code });
  }

  watch() {
    this.timers.clear(this.watchTimer);
    if (!this.pingEveryMs) return;
    this.watchTimer = this.timers.set(() => {
      if (this.timers.now() - this.heardMs > 3 * this.pingEveryMs) {
        this.abandon();
        return;
      }
      this.send(ping(this.timers.now()));
      this.watch();
    }, this.pingEveryMs);
  }
}
