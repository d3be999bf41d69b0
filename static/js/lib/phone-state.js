/**
 * What the phone shows, as a pure function of what has happened: reduce(state, event) -> state.
 *
 * screens: connecting, code, consent, hold, record, sent, problem. During a take, `take.phase` is starting (the browser asks for
 * the microphone), settling, counting, sending. `take` stays after its end, so that its file can still be saved.
 */

/** Every problem, with what the person can do about it on the problem's page. */
export const PROBLEMS = Object.freeze({
  insecure: [],
  unsupported: [],
  permission_denied: ["record_again"],
  no_microphone: ["record_again"],
  microphone_busy: ["record_again"],
  link_invalid: ["enter_code"],
  slow_down: ["enter_code"],
  revoked: ["download"],
  ended: ["download"],
  replaced: ["reload", "download"],
  unreachable: [],
  outdated: ["reload"],
  refused: ["reload", "download"],
  interrupted: ["record_again", "download"],
  not_stored: ["record_again", "download"],
  mismatch: ["record_again", "download"],
});

// Where the page's own words say too little; elsewhere the server's would say the same twice.
const SHOWS_SERVER_MESSAGE = new Set(["refused", "not_stored"]);
const UNREACHABLE_AFTER_ATTEMPTS = 3;
const SAMPLES_PER_S = 8000;

export const initialState = Object.freeze({
  screen: "connecting",
  problem: null,
  isOffline: false,
  isInterrupted: false,
  isSilent: false,
  session: null,
  hasConsent: false,
  isPaired: false,
  takes: 0,
  take: null,
});

const problem = (state, code, message = "") => ({
  ...state,
  screen: "problem",
  problem: { code, message: SHOWS_SERVER_MESSAGE.has(code) ? message : "" },
});

/** The problem that the end of the connection means, from its close code and the server's last error. */
export function problemOfClose({ code, error }) {
  const byError = {
    "pairing.invalid": "link_invalid",
    "pairing.slow_down": "slow_down",
    "session.ended": "ended",
    "protocol.version": "outdated",
    "protocol.replaced": "replaced",
    "consent.wording": "outdated",
  };
  if (error && error.code === "phone.revoked") return error.reason === "ended" ? "ended" : "revoked";
  if (error && byError[error.code]) return byError[error.code];
  return { 4401: "link_invalid", 4409: "replaced", 4410: "revoked" }[code] || "refused";
}

/** Where a phone that has been let in goes: to what is still missing. */
const ready = (state) => ({ ...state, screen: state.hasConsent ? "hold" : "consent", problem: null });

const withTake = (state, changes) => ({ ...state, take: { ...state.take, ...changes } });

const isTaking = (state) => state.screen === "record";

const handlers = {
  feature_missing: (state, { problem: code }) => problem(state, code),

  code_needed: (state) => ({ ...state, screen: "code", problem: null }),

  connecting: (state) => ({ ...state, screen: "connecting", problem: null, isOffline: false }),

  welcome(state, { message }) {
    const known = {
      ...state,
      session: message.session,
      hasConsent: message.consent !== null,
      isPaired: true,
      // On coming back the server already counts the take that is being made.
      takes: isTaking(state) ? state.takes : message.takes,
      isOffline: false,
    };
    const wasWaiting = state.screen === "connecting" || (state.screen === "problem" && state.problem.code === "unreachable");
    return wasWaiting ? ready(known) : known;
  },

  consented: (state) => ready({ ...state, hasConsent: true }),

  settings: (state, { message }) => ({
    ...state,
    session: { ...state.session, site: message.site, posture: message.posture, target_s: message.target_s, settle_s: message.settle_s },
  }),

  record_tapped: (state) =>
    state.screen !== "hold"
      ? state
      : {
          ...state,
          screen: "record",
          isInterrupted: false,
          isSilent: false,
          take: {
            phase: "starting",
            targetS: state.session.target_s,
            settleS: state.session.settle_s,
            site: state.session.site,
            samples: 0,
            waitingSamples: 0,
          },
        },

  microphone_failed: (state, { problem: code }) => (isTaking(state) ? problem({ ...state, take: null }, code) : state),

  sound(state, { samples, isSilent = false }) {
    if (!isTaking(state) || state.take.phase === "sending") return state;
    const phase = samples < state.take.settleS * SAMPLES_PER_S ? "settling" : "counting";
    return { ...withTake(state, { samples, phase }), isSilent };
  },

  waiting: (state, { waitingSamples }) => (state.take ? withTake(state, { waitingSamples }) : state),

  take_ended: (state, { reason }) =>
    isTaking(state) ? { ...withTake(state, { phase: "sending" }), isInterrupted: reason === "interrupted" } : state,

  stored(state, { message }) {
    if (!isTaking(state)) return state;
    const counted = { ...withTake(state, { waitingSamples: 0 }), takes: state.takes + 1 };
    if (!message.match) return problem(counted, "mismatch");
    return state.isInterrupted ? problem(counted, "interrupted") : { ...counted, screen: "sent" };
  },

  // All the sound is on the server's disk; that filing it must be tried again is no concern of the patient's.
  stored_later: (state) => (isTaking(state) ? { ...withTake(state, { waitingSamples: 0 }), takes: state.takes + 1, screen: "sent" } : state),

  refused(state, { message }) {
    if (isTaking(state)) return problem(state, "not_stored", message);
    return state.screen === "consent" ? problem(state, "outdated", message) : state;
  },

  lost(state, { attempt }) {
    const offline = { ...state, isOffline: true };
    return state.screen === "connecting" && attempt >= UNREACHABLE_AFTER_ATTEMPTS ? problem(offline, "unreachable") : offline;
  },

  closed: (state, { code, error }) => ({
    ...problem(state, problemOfClose({ code, error }), error ? error.message : ""),
    isOffline: false,
    isPaired: false,
  }),

  record_again: (state) => (state.isPaired ? { ...ready(state), isInterrupted: false } : state),
};

export function reduce(state, event) {
  const handler = handlers[event.type];
  if (!handler) throw new Error(`unknown event ${event.type}`);
  return handler(state, event);
}

/** The countdown: whole seconds still to come, and the share that is done, of settling or of the usable part. */
export function countdown({ samples, settleS, targetS }) {
  const atS = samples / SAMPLES_PER_S;
  const isSettling = atS < settleS;
  const totalS = isSettling ? settleS : targetS;
  const doneS = Math.min(isSettling ? atS : atS - settleS, totalS);
  return { isSettling, secondsLeft: Math.ceil(totalS - doneS), fraction: totalS > 0 ? doneS / totalS : 1 };
}

/** What a problem's page offers now: a file only if there is sound in it, another take only while the session lets us. */
export function actionsOf(state) {
  const has = {
    download: state.take !== null && state.take.samples > 0,
    record_again: state.isPaired,
  };
  return PROBLEMS[state.problem.code].filter((action) => has[action] !== false);
}
