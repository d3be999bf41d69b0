/** The clock and the timers, in one object that a test can replace. */
export const browserTimers = Object.freeze({
  now: () => Date.now(),
  set: (callback, delayMs) => setTimeout(callback, delayMs),
  clear: (timer) => clearTimeout(timer),
});
