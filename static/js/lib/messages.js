/** The protocol's control messages, version 1: JSON objects with a `type`, in text frames. */

export const PROTOCOL_VERSION = 1;

export const CloseCode = Object.freeze({
  NORMAL: 1000,
  TOO_BIG: 1009,
  SERVER_FAILED: 1011,
  TRY_LATER: 1013,
  MALFORMED: 4400,
  UNAUTHORISED: 4401,
  FORBIDDEN: 4403,
  NOT_FOUND: 4404,
  HELLO_TIMEOUT: 4408,
  REPLACED: 4409,
  REVOKED: 4410,
});

// After these another attempt would end the same way.
const FINAL_CODES = new Set([
  CloseCode.NORMAL, CloseCode.TOO_BIG, CloseCode.MALFORMED, CloseCode.UNAUTHORISED, CloseCode.FORBIDDEN,
  CloseCode.NOT_FOUND, CloseCode.REPLACED, CloseCode.REVOKED,
]);

export const isFinalCode = (code) => FINAL_CODES.has(code);

export class MessageError extends Error {}

/** @returns {{type: string}} the message in one text frame; its other fields are the protocol's */
export function parseMessage(text) {
  let message;
  try {
    message = JSON.parse(text);
  } catch (error) {
    throw new MessageError(`not JSON: ${error.message}`);
  }
  if (message === null || typeof message !== "object" || typeof message.type !== "string") {
    throw new MessageError("a message is an object with a type");
  }
  return message;
}

/** @param {{token: string} | {code: string} | {credential: string}} secret exactly one of the three */
export const hello = (secret, client = {}) => JSON.stringify({ type: "hello", versions: [PROTOCOL_VERSION], ...secret, client });

export const consent = ({ wordingVersion, language, giver, research }) =>
  JSON.stringify({ type: "consent", wording_version: wordingVersion, language, giver, agree: true, research });

export const start = ({ recording, site, posture, nativeRateHz, trackSettings, deviceLabel, clientTimeMs }) =>
  JSON.stringify({
    type: "start",
    recording,
    site,
    posture,
    native_rate_hz: nativeRateHz,
    track_settings: trackSettings,
    device_label: deviceLabel,
    client_time_ms: clientTimeMs,
  });

export const stop = ({ recording, frames, samples, sha256 }) => JSON.stringify({ type: "stop", recording, frames, samples, sha256 });

export const ping = (timeMs) => JSON.stringify({ type: "ping", t: timeMs });
