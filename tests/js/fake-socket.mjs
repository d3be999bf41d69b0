/** A socket and a clock that a test moves by hand. */

export class FakeTimers {
  constructor() {
    this.time = 0;
    this.pending = [];
  }

  now = () => this.time;

  set = (callback, delayMs) => {
    const timer = { callback, dueMs: this.time + delayMs };
    this.pending.push(timer);
    return timer;
  };

  clear = (timer) => {
    this.pending = this.pending.filter((other) => other !== timer);
  };

  /** Let `ms` pass, calling what falls due in order. */
  advance(ms) {
    const endMs = this.time + ms;
    for (;;) {
      const due = this.pending.filter((timer) => timer.dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (!due) break;
      this.clear(due);
      this.time = due.dueMs;
      due.callback();
    }
    this.time = endMs;
  }
}

export class FakeSocket {
  constructor(url) {
    this.url = url;
    this.readyState = 0;
    this.sent = [];
  }

  send(data) {
    this.sent.push(data);
  }

  close(code) {
    this.readyState = 3;
    this.closedWith = code;
  }

  // What the other side does.

  accept() {
    this.readyState = 1;
    this.onopen();
  }

  say(message) {
    this.onmessage({ data: typeof message === "string" || message instanceof ArrayBuffer ? message : JSON.stringify(message) });
  }

  drop(code = 1006) {
    this.readyState = 3;
    this.onclose({ code });
  }

  /** Control messages sent so far, parsed, pings left out. */
  get messages() {
    return this.sent.filter((data) => typeof data === "string").map((text) => JSON.parse(text)).filter(({ type }) => type !== "ping");
  }

  get frames() {
    return this.sent.filter((data) => typeof data !== "string");
  }
}

/** A maker of sockets that remembers them, newest last. */
export function socketMaker() {
  const sockets = [];
  const open = (url) => {
    sockets.push(new FakeSocket(url));
    return sockets[sockets.length - 1];
  };
  return { sockets, open, last: () => sockets[sockets.length - 1] };
}

/** Every event of `types` that `emitter` gives, as [type, detail], in order. */
export function eventsOf(emitter, types) {
  const events = [];
  types.forEach((type) => emitter.on(type, (detail) => events.push([type, detail])));
  return events;
}
