/**
 * Hands the microphone's samples to the page, untouched, at the context's own rate, about 20 ms at a time.
 *
 * Posts {samples: Float32Array (transferred), frame: index of the first on the context's clock}. Any message to it ends it. It
 * imports nothing: a worklet is loaded from one address.
 */

const BLOCK_SAMPLES = 1024;

class CaptureProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.block = new Float32Array(BLOCK_SAMPLES);
    this.filled = 0;
    this.start = 0;
    this.ending = false;
    this.port.onmessage = () => {
      this.ending = true;
    };
  }

  process(inputs) {
    if (this.ending) return false;
    // No channel at all: the source is gone or muted. Silence keeps the clock until the page has noticed.
    const channel = inputs[0][0] || new Float32Array(128);
    if (this.filled > 0 && currentFrame !== this.start + this.filled) this.post();
    if (this.filled === 0) this.start = currentFrame;
    if (this.filled + channel.length > this.block.length) {
      this.post();
      this.start = currentFrame;
    }
    this.block.set(channel, this.filled);
    this.filled += channel.length;
    if (this.filled === this.block.length) this.post();
    return true;
  }

  post() {
    if (this.filled === 0) return;
    const samples = this.block.slice(0, this.filled);
    this.port.postMessage({ samples, frame: this.start }, [samples.buffer]);
    this.filled = 0;
  }
}

registerProcessor("capture", CaptureProcessor);
