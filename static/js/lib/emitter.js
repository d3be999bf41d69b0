/** Named events without the DOM, so that the same classes run under Node's tests. */
export class Emitter {
  constructor() {
    this.listeners = new Map();
  }

  /** Call `listener(detail)` on each `type`; returns the function that takes it off again. */
  on(type, listener) {
    if (!this.listeners.has(type)) this.listeners.set(type, new Set());
    this.listeners.get(type).add(listener);
    return () => this.listeners.get(type).delete(listener);
  }

  emit(type, detail) {
    for (const listener of [...(this.listeners.get(type) || [])]) listener(detail);
  }
}
