/** The phone's page: events in, state, screens out. What may happen when is lib/phone-state.js. */

import { CaptureClient } from "../lib/capture-client.js";
import { WIRE_RATE_HZ } from "../lib/framing.js";
import { missingFeature, problemOfError } from "../lib/microphone.js";
import { socketUrl } from "../lib/monitor-client.js";
import { formatCode, isWholeCode, tokenOf } from "../lib/pairing.js";
import { initialState, reduce } from "../lib/phone-state.js";
import { CONSENT_WORDING_VERSION, textsFor } from "../lib/phone-text.js";
import { encodeWav } from "../lib/wav.js";
import { PhoneRecorder } from "./phone-recorder.js";
import { PhoneView } from "./phone-view.js";

const PAGE_VERSION = 1;
const CREDENTIAL_KEY = "heartsite.credential";

const config = JSON.parse(document.getElementById("phone-config").textContent);
const root = document.querySelector("[data-phone]");
const texts = textsFor(navigator.languages || [navigator.language]);
const view = new PhoneView(root, texts);
const client = new CaptureClient({ url: socketUrl(config.ws_path), client: describeClient() });
const recorder = new PhoneRecorder({
  client,
  workletUrl: root.dataset.worklet,
  canvas: root.querySelector("[data-wave]"),
  onSound: (sound) => dispatch({ type: "sound", ...sound }),
  onLevel: (meter) => view.renderLevel(meter),
  onEnd: (reason) => dispatch({ type: "take_ended", reason }),
});
let state = initialState;

function dispatch(event) {
  state = reduce(state, event);
  view.render(state);
}

function describeClient() {
  return {
    user_agent: navigator.userAgent.slice(0, 300),
    page_version: PAGE_VERSION,
    features: {
      audio_worklet: "AudioWorkletNode" in window,
      wake_lock: "wakeLock" in navigator,
      secure_context: window.isSecureContext,
      touch: navigator.maxTouchPoints > 0,
    },
  };
}

/** The token of the address, once: it is taken out of it, so that neither a bookmark nor a shared link carries it. */
function takeToken() {
  const token = tokenOf(window.location.hash);
  if (window.location.hash) history.replaceState(null, "", window.location.pathname);
  return token;
}

function begin() {
  const problem = missingFeature(window);
  const token = takeToken();
  if (problem) {
    dispatch({ type: "feature_missing", problem });
    return;
  }
  // A page that the phone reloads by itself goes on in its session; the tab's end forgets it.
  const credential = sessionStorage.getItem(CREDENTIAL_KEY);
  if (token) connect({ token });
  else if (credential) connect({ credential });
  else dispatch({ type: "code_needed" });
}

function connect(secret) {
  dispatch({ type: "connecting" });
  client.connect(secret);
}

client.on("welcome", (message) => {
  if (message.credential) sessionStorage.setItem(CREDENTIAL_KEY, message.credential);
  dispatch({ type: "welcome", message });
});
client.on("consented", () => dispatch({ type: "consented" }));
client.on("settings", (message) => dispatch({ type: "settings", message }));
client.on("progress", ({ waitingSamples }) => dispatch({ type: "waiting", waitingSamples }));
client.on("stored", (message) => dispatch({ type: "stored", message }));
client.on("refused", ({ code, message }) => {
  recorder.abandon();
  dispatch(code === "recording.kept_unfiled" ? { type: "stored_later" } : { type: "refused", message });
});
client.on("lost", ({ attempt }) => dispatch({ type: "lost", attempt }));
client.on("closed", ({ code, error }) => {
  recorder.abandon();
  dispatch({ type: "closed", code, error });
  // After anything else a reload may go on with it.
  if (["link_invalid", "revoked", "ended"].includes(state.problem.code)) sessionStorage.removeItem(CREDENTIAL_KEY);
});

async function record() {
  if (state.screen !== "hold") return;
  const { session } = state;
  const started = recorder.start(session);
  dispatch({ type: "record_tapped" });
  try {
    await started;
  } catch (error) {
    recorder.abandon();
    dispatch({ type: "microphone_failed", problem: problemOfError(error) });
  }
}

/** Hand the take to the phone's own download, under the time it was made. */
function download() {
  const file = new Blob([encodeWav(client.outbox.pcmChunks, WIRE_RATE_HZ)], { type: "audio/wav" });
  const link = document.createElement("a");
  const address = URL.createObjectURL(file);
  const stamp = new Date(client.takeStart.clientTimeMs).toISOString().slice(0, 16).replace(/[T:]/g, "-");
  link.href = address;
  link.download = `${texts.fileName}-${stamp}.wav`;
  document.body.append(link);
  link.click();
  link.remove();
  // Safari reads the address after the click has returned.
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

const actions = {
  record,
  stop: () => recorder.end("stopped"),
  download,
  record_again: () => dispatch({ type: "record_again" }),
  enter_code: () => dispatch({ type: "code_needed" }),
  reload: () => window.location.reload(),
};

root.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-action]");
  if (button) actions[button.dataset.action]();
});

root.querySelector('[data-form="consent"]').addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  view.showConsentError(!form.elements.agree.checked);
  if (!form.elements.agree.checked) {
    form.elements.agree.focus();
    return;
  }
  client.giveConsent({
    wordingVersion: CONSENT_WORDING_VERSION,
    language: texts.language,
    giver: state.session.patient_is_child ? "guardian" : "patient",
    research: form.elements.research.checked,
  });
});

root.querySelector('[data-form="consent"]').addEventListener("change", () => view.showConsentError(false));

root.querySelector('[data-form="code"]').addEventListener("submit", (event) => {
  event.preventDefault();
  const code = formatCode(event.target.elements.code.value);
  view.showCodeError(!isWholeCode(code));
  if (isWholeCode(code)) connect({ code });
});

window.addEventListener("online", () => client.retryNow());
// Another code scanned into the same tab changes nothing but the fragment.
window.addEventListener("hashchange", () => {
  if (tokenOf(window.location.hash)) window.location.reload();
});
window.addEventListener("beforeunload", (event) => {
  if (state.screen === "record" && state.take.phase !== "starting") event.preventDefault();
});

document.documentElement.dataset.ready = "yes";
begin();
