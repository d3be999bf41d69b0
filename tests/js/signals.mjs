/** Synthetic sounds and exact measurements for the tests. */

export function tone(frequencyHz, rateHz, count, amplitude = 1) {
  return Float32Array.from({ length: count }, (_, i) => amplitude * Math.sin((2 * Math.PI * frequencyHz * i) / rateHz));
}

/** Amplitude of the sinusoid at `frequencyHz` that fits `samples` best (least squares over sine and cosine). */
export function fittedAmplitude(samples, frequencyHz, rateHz) {
  let ss = 0;
  let cc = 0;
  let sc = 0;
  let xs = 0;
  let xc = 0;
  for (let i = 0; i < samples.length; i += 1) {
    const s = Math.sin((2 * Math.PI * frequencyHz * i) / rateHz);
    const c = Math.cos((2 * Math.PI * frequencyHz * i) / rateHz);
    ss += s * s;
    cc += c * c;
    sc += s * c;
    xs += samples[i] * s;
    xc += samples[i] * c;
  }
  const determinant = ss * cc - sc * sc;
  return Math.hypot((xs * cc - xc * sc) / determinant, (xc * ss - xs * sc) / determinant);
}

export const rms = (samples) => Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);

export const decibels = (ratio) => 20 * Math.log10(ratio);

export function concatenate(blocks, Type = Float32Array) {
  const whole = new Type(blocks.reduce((sum, block) => sum + block.length, 0));
  let at = 0;
  for (const block of blocks) {
    whole.set(block, at);
    at += block.length;
  }
  return whole;
}

/** Repeatable numbers in [0, 1) (a linear congruential generator; Numerical Recipes' constants). */
export function random(seed = 1) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
