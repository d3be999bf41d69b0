import assert from "node:assert/strict";
import { test } from "node:test";

import { keptSettings, missingFeature, problemOfError } from "../../static/js/lib/microphone.js";
import { formatCode, isWholeCode, tokenOf } from "../../static/js/lib/pairing.js";
import { actionsOf, countdown, initialState, problemOfClose, PROBLEMS, reduce } from "../../static/js/lib/phone-state.js";

const SESSION = { id: "s", clinic: "Northside", target_s: 15, settle_s: 2, max_s: 90, site: "mitral", posture: "", patient_is_child: false };
const welcome = (changes = {}) => ({ type: "welcome", message: { session: SESSION, consent: null, takes: 0, ...changes } });

const after = (...events) => events.reduce(reduce, initialState);
const HOLD = [welcome(), { type: "consented" }];
const RECORDING = [...HOLD, { type: "record_tapped" }, { type: "sound", samples: 800 }];
const SENDING = [...RECORDING, { type: "sound", samples: 136000 }, { type: "take_ended", reason: "full" }];
const STORED = { type: "stored", message: { match: true } };

test("the way through: connecting, consent, hold, record, sent, and again", () => {
  const screens = [];
  let state = initialState;
  for (const event of [...SENDING, STORED, { type: "record_again" }]) {
    state = reduce(state, event);
    screens.push(state.screen);
  }
  assert.deepEqual([...new Set(screens)], ["consent", "hold", "record", "sent"]);
  assert.equal(state.screen, "hold");
  assert.equal(state.takes, 1);
});

test("a phone that already has consent goes straight to holding", () => {
  assert.equal(after(welcome({ consent: { id: "c" }, takes: 2 })).screen, "hold");
});

test("a take settles first, then counts", () => {
  const at = (seconds) => after(...HOLD, { type: "record_tapped" }, { type: "sound", samples: seconds * 8000 }).take.phase;
  assert.equal(after(...HOLD, { type: "record_tapped" }).take.phase, "starting");
  assert.equal(at(1.9), "settling");
  assert.equal(at(2), "counting");
});

test("the countdown runs through settling, then through the usable seconds", () => {
  const take = { settleS: 2, targetS: 15 };
  assert.deepEqual(countdown({ ...take, samples: 0 }), { isSettling: true, secondsLeft: 2, fraction: 0 });
  assert.deepEqual(countdown({ ...take, samples: 16000 }), { isSettling: false, secondsLeft: 15, fraction: 0 });
  assert.deepEqual(countdown({ ...take, samples: 76000 }), { isSettling: false, secondsLeft: 8, fraction: 0.5 });
  assert.deepEqual(countdown({ ...take, samples: 136000 }), { isSettling: false, secondsLeft: 0, fraction: 1 });
  assert.deepEqual(countdown({ settleS: 0, targetS: 10, samples: 0 }), { isSettling: false, secondsLeft: 10, fraction: 0 });
});

test("a lost network changes nothing but the notice, also while sending", () => {
  for (const events of [RECORDING, SENDING]) {
    const before = after(...events);
    const lost = reduce(before, { type: "lost", attempt: 9 });
    assert.deepEqual(lost, { ...before, isOffline: true });
    assert.deepEqual(reduce(lost, welcome({ consent: { id: "c" } })).screen, "record");
    assert.equal(reduce(lost, welcome({ consent: { id: "c" } })).isOffline, false);
  }
});

test("a take is counted once, also when the server counted it at a reconnect", () => {
  const back = welcome({ consent: { id: "c" }, takes: 1 });
  assert.equal(after(...RECORDING, { type: "lost", attempt: 1 }, back, { type: "take_ended", reason: "full" }, STORED).takes, 1);
});

test("a server that is never reached is said so after three attempts, and forgotten when it answers", () => {
  assert.equal(after({ type: "lost", attempt: 2 }).screen, "connecting");
  const unreachable = after({ type: "lost", attempt: 3 });
  assert.equal(unreachable.problem.code, "unreachable");
  assert.equal(reduce(unreachable, welcome()).screen, "consent");
});

test("a take that was interrupted is sent, and its end says so", () => {
  const state = after(...RECORDING, { type: "take_ended", reason: "interrupted" }, STORED);
  assert.equal(state.problem.code, "interrupted");
  assert.deepEqual(actionsOf(state), ["record_again", "download"]);
  assert.equal(reduce(state, { type: "record_again" }).isInterrupted, false);
});

test("a take that arrived otherwise than it was sent is no success", () => {
  const state = after(...SENDING, { type: "stored", message: { match: false } });
  assert.deepEqual([state.screen, state.problem.code], ["problem", "mismatch"]);
});

test("a take that is safe but not yet filed counts as sent; the late answer changes nothing", () => {
  const state = after(...SENDING, { type: "stored_later" });
  assert.equal(state.screen, "sent");
  assert.equal(reduce(state, STORED), state);
});

test("the end of the connection keeps the file on offer and takes away another take", () => {
  const state = after(...SENDING, { type: "closed", code: 4410, error: { code: "phone.revoked", message: "" } });
  assert.equal(state.problem.code, "revoked");
  assert.deepEqual(actionsOf(state), ["download"]);
  assert.equal(reduce(state, { type: "record_again" }), state);
});

test("without sound there is no file to offer", () => {
  const state = after(welcome(), { type: "closed", code: 4410, error: { code: "session.ended", message: "" } });
  assert.equal(state.problem.code, "ended");
  assert.deepEqual(actionsOf(state), []);
});

test("each end of a connection has its own problem", () => {
  const problem = (code, error = null) => problemOfClose({ code, error: error && { code: error, message: "" } });
  assert.equal(problem(4401, "pairing.invalid"), "link_invalid");
  assert.equal(problem(4401), "link_invalid");
  assert.equal(problem(4401, "pairing.slow_down"), "slow_down");
  assert.equal(problem(4410, "session.ended"), "ended");
  assert.equal(problem(4410, "phone.revoked"), "revoked");
  assert.equal(problemOfClose({ code: 4410, error: { code: "phone.revoked", reason: "ended" } }), "ended");
  assert.equal(problem(4409), "replaced");
  assert.equal(problem(4400, "protocol.version"), "outdated");
  assert.equal(problem(1009, "recording.too_long"), "refused");
});

test("each failure of the microphone has its own problem, known to the page", () => {
  const cases = {
    NotAllowedError: "permission_denied", NotFoundError: "no_microphone", NotReadableError: "microphone_busy", TypeError: "insecure",
    InvalidStateError: "unsupported",
  };
  for (const [name, expected] of Object.entries(cases)) {
    assert.equal(problemOfError({ name }), expected);
    assert.ok(expected in PROBLEMS);
    assert.equal(after(...HOLD, { type: "record_tapped" }, { type: "microphone_failed", problem: expected }).problem.code, expected);
  }
});

test("Record is answered on the holding screen alone", () => {
  const state = after(welcome());
  assert.equal(reduce(state, { type: "record_tapped" }), state);
});

test("new settings hold from the next take", () => {
  const change = { type: "settings", message: { site: "aortic", posture: "supine", target_s: 30, settle_s: 3 } };
  const state = reduce(after(...RECORDING), change);
  assert.deepEqual([state.take.targetS, state.take.site], [15, "mitral"]);
  assert.deepEqual([state.session.target_s, state.session.site], [30, "aortic"]);
});

test("refusals: of a take, and of the wording", () => {
  assert.equal(after(...SENDING, { type: "refused", message: "No room." }).problem.message, "No room.");
  assert.equal(after(welcome(), { type: "refused", message: "Old." }).problem.code, "outdated");
  assert.equal(after(...HOLD, { type: "refused", message: "?" }).screen, "hold");
});

test("an event nobody knows is a mistake", () => {
  assert.throws(() => reduce(initialState, { type: "nonsense" }), /nonsense/);
});

test("the browser is asked for what recording needs", () => {
  const good = {
    isSecureContext: true, navigator: { mediaDevices: { getUserMedia() {} } },
    AudioContext: 1, AudioWorkletNode: 1, WebSocket: 1, ResizeObserver: 1,
  };
  assert.equal(missingFeature(good), null);
  assert.equal(missingFeature({ ...good, isSecureContext: false, navigator: {} }), "insecure");
  assert.equal(missingFeature({ ...good, AudioWorkletNode: undefined }), "unsupported");
  assert.equal(missingFeature({ ...good, navigator: {} }), "unsupported");
});

test("what the track says is kept without what identifies the device", () => {
  assert.deepEqual(keptSettings({ echoCancellation: false, sampleRate: 48000, deviceId: "x", groupId: "y" }), {
    echoCancellation: false, sampleRate: 48000,
  });
});

test("the token is read from the fragment and nothing else is", () => {
  assert.equal(tokenOf("#abcDEF_-0123456789abcdefghij"), "abcDEF_-0123456789abcdefghij");
  for (const fragment of ["", "#", "#short", "#<script>alert(1)</script>", "#main-content here"]) assert.equal(tokenOf(fragment), null);
});

test("a code is brought into its form while it is typed", () => {
  assert.equal(formatCode("k7q 4mx"), "K7Q-4MX");
  assert.equal(formatCode("k7"), "K7");
  assert.equal(formatCode("K7Q-4MXZZ"), "K7Q-4MX");
  assert.equal(isWholeCode("k7q4mx"), true);
  assert.equal(isWholeCode("k7q4m"), false);
});
