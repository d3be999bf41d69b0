/** PCM16 mono WAV files: written for the phone's Download, read for sounds that are already WAV. */

const RIFF_HEADER_BYTES = 44;

export class WavError extends Error {}

const writeTag = (view, offset, tag) => [...tag].forEach((letter, i) => view.setUint8(offset + i, letter.charCodeAt(0)));
const readTag = (view, offset) => String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(offset + i)));

/**
 * @param {Int16Array[]} chunks the sound in order
 * @param {number} rateHz
 * @returns {ArrayBuffer} a whole WAV file
 */
export function encodeWav(chunks, rateHz) {
  const count = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const view = new DataView(new ArrayBuffer(RIFF_HEADER_BYTES + 2 * count));
  writeTag(view, 0, "RIFF");
  view.setUint32(4, RIFF_HEADER_BYTES - 8 + 2 * count, true);
  writeTag(view, 8, "WAVE");
  writeTag(view, 12, "fmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rateHz, true);
  view.setUint32(28, 2 * rateHz, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  writeTag(view, 36, "data");
  view.setUint32(40, 2 * count, true);
  let offset = RIFF_HEADER_BYTES;
  for (const chunk of chunks) {
    for (let i = 0; i < chunk.length; i += 1, offset += 2) view.setInt16(offset, chunk[i], true);
  }
  return view.buffer;
}

/**
 * @param {ArrayBuffer} buffer a PCM16 WAV file
 * @returns {{rateHz: number, channels: number, samples: Float32Array}} the first channel, in [-1, 1)
 * @throws {WavError} when it is no such file
 */
export function parseWav(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < 12 || readTag(view, 0) !== "RIFF" || readTag(view, 8) !== "WAVE") throw new WavError("not a WAV file");
  let format = null;
  for (let offset = 12; offset + 8 <= buffer.byteLength; ) {
    const tag = readTag(view, offset);
    const size = view.getUint32(offset + 4, true);
    const body = offset + 8;
    if (tag === "fmt " && size >= 16 && body + 16 <= buffer.byteLength) {
      format = {
        code: view.getUint16(body, true),
        channels: view.getUint16(body + 2, true),
        rateHz: view.getUint32(body + 4, true),
        bits: view.getUint16(body + 14, true),
      };
    } else if (tag === "data" && format) {
      return readSamples(view, body, Math.min(size, buffer.byteLength - body), format);
    }
    // Chunks are padded to even lengths.
    offset = body + size + (size % 2);
  }
  throw new WavError("the WAV file has no sound in it");
}

function readSamples(view, body, size, { code, channels, rateHz, bits }) {
  if (code !== 1 || bits !== 16 || channels < 1) throw new WavError("only 16-bit PCM is read here");
  const samples = new Float32Array(Math.floor(size / (2 * channels)));
  for (let i = 0; i < samples.length; i += 1) samples[i] = view.getInt16(body + 2 * channels * i, true) / 32768;
  return { rateHz, channels, samples };
}
