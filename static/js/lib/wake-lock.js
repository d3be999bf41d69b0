/** Keeps the screen on while a take is recorded, where the browser can; asks again when the page comes back into view. */
export class WakeLock {
  constructor() {
    this.wanted = false;
    this.lock = null;
    document.addEventListener("visibilitychange", () => {
      if (this.wanted && document.visibilityState === "visible") this.ask();
    });
  }

  hold() {
    this.wanted = true;
    this.ask();
  }

  release() {
    this.wanted = false;
    if (this.lock) this.lock.release();
    this.lock = null;
  }

  ask() {
    if (!navigator.wakeLock) return;
    navigator.wakeLock.request("screen").then(
      (lock) => {
        if (this.wanted) this.lock = lock;
        else lock.release();
      },
      // Refused on a low battery: the recording works without it, the hand on the phone keeps the screen on.
      () => {},
    );
  }
}
