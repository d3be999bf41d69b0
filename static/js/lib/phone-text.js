/**
 * Every word the phone shows. A language is one more catalogue with the same keys; tests compare them.
 *
 * The consent's words have a version (the server's recordings/consent_wording.py): change both together.
 */

export const CONSENT_WORDING_VERSION = "2026-11";

const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;

function keptFor(days) {
  if (days >= 730) return plural(Math.round(days / 365), "year", "years");
  if (days >= 60) return plural(Math.round(days / 30), "month", "months");
  return plural(days, "day", "days");
}

const en = {
  language: "en",
  pageTitle: "Heart sound recording",
  step: (number, count) => `Step ${number} of ${count}`,
  yourRight: "your right",
  yourLeft: "your left",

  connecting: { title: "Connecting to the clinic", body: "This takes a moment." },

  code: {
    title: "Enter the code",
    body: "Type the code that stands under the square picture on the clinician's screen.",
    label: "Code",
    submit: "Connect",
    incomplete: "The code has six letters and numbers, like K7Q-4MX.",
  },

  consent: {
    title: "Recording your heart",
    titleChild: "Recording your child's heart",
    whatTitle: "What will happen",
    what: (seconds) => `You hold this phone against the bare chest for about ${seconds} seconds. Its microphone records the heart. It does not hurt, and the phone makes no sound.`,
    whoTitle: "Who gets it",
    who: (clinic) => `The recording goes to ${clinic} and is used for this patient's care. A clinician listens to it, helped by a computer program. This phone shows no result: the clinician will talk with you about it.`,
    voicesTitle: "Voices",
    voices: "The microphone also picks up voices and sounds near the phone. Please say nothing private while it records.",
    keptTitle: "How long it is kept",
    kept: (days) => (days ? `It is kept for ${keptFor(days)} and then deleted, unless the law asks the clinic to keep it longer.` : "It is kept as long as the clinic has to keep its records, and then deleted."),
    withdrawTitle: "Changing your mind",
    withdraw: (clinic) => `You may say no, and you may change your mind at any time: tell the clinician or ${clinic}. Your care does not depend on it.`,
    agree: "I agree that my heart is recorded and that the recording is used for my care.",
    agreeGuardian: "I am the parent or guardian of this child. I agree that the child's heart is recorded and that the recording is used for the child's care.",
    researchTitle: "Optional",
    research: "The recording may also be used for research, without the name. Leave this empty if you are not sure: it changes nothing.",
    next: "Continue",
    missing: "Tick the box above if you agree. Without it nothing can be recorded.",
  },

  hold: {
    title: "Where to hold the phone",
    steps: [
      "Take the phone's case off. Switch it to silent.",
      "Its microphone is in the bottom edge, on most phones.",
      "Press that edge lightly on bare skin, on the marked spot.",
      "Keep still. No talking, in a quiet room.",
    ],
    record: "Record",
    pictureAlt: (site) => `Drawing of a chest, seen from the front. The phone's edge touches ${site}.`,
    sites: {
      aortic: { name: "Upper chest, your right", where: "Just right of the breastbone, three finger widths below the collarbone." },
      pulmonic: { name: "Upper chest, your left", where: "Just left of the breastbone, three finger widths below the collarbone." },
      erb: { name: "Middle of the chest, your left", where: "Just left of the breastbone, half way down." },
      tricuspid: { name: "Lower breastbone, your left", where: "Just left of the lower end of the breastbone." },
      mitral: { name: "Below the left breast", where: "Under the left nipple, where the heartbeat can be felt best." },
      "": { name: "Where the clinician shows you", where: "One of the marked spots. Ask if you are not sure." },
    },
    postures: {
      supine: "Lie on your back.",
      left_lateral: "Lie on your left side.",
      sitting: "Sit upright.",
      leaning: "Sit and lean forward.",
      standing: "Stand.",
      "": "",
    },
  },

  record: {
    titles: { starting: "Allow the microphone", settling: "Get ready", counting: "Recording", sending: "Sending" },
    hints: {
      starting: "The phone asks whether it may use the microphone. Choose Allow.",
      settling: "Put the phone in place and hold it still.",
      counting: "Hold still. Breathe quietly.",
      sending: "You may take the phone away.",
    },
    secondsLeft: "seconds left",
    ringAlt: (seconds) => `${plural(seconds, "second", "seconds")} left`,
    level: "Loudness",
    tooLoud: "Too loud: press more lightly",
    stop: "Stop",
    offline: (seconds) => `No connection. The recording goes on here: ${plural(seconds, "second", "seconds")} waiting to be sent.`,
    offlineSending: (seconds) => `No connection. ${plural(seconds, "second", "seconds")} of sound are safe on this phone and go out when it is back. Keep this page open.`,
    silent: "The microphone hears nothing at all. Is another app using it?",
    sendingShare: "Share of the recording that has been sent",
  },

  sent: {
    title: "Sent to the clinic.",
    body: "The clinician has the recording and will talk with you about it. You may close this page.",
    take: (number) => `Recording ${number} of this visit`,
  },

  actions: {
    record_again: "Record again",
    download: "Download",
    reload: "Reload this page",
    enter_code: "Enter a code",
  },
  fileName: "heart-sound",

  problems: {
    insecure: {
      title: "This address is not secure",
      body: "A phone gives its microphone only to pages whose address begins with https. Scan the picture on the clinician's screen again, or ask for the right address.",
    },
    unsupported: {
      title: "This browser is too old",
      body: "It cannot record. Update it, or open the page in a current Safari, Chrome, Edge or Firefox. If you came here from inside another app, open the page in the phone's own browser.",
    },
    permission_denied: {
      title: "The microphone is blocked",
      body: "Allow it for this page: tap the sign beside the address (on an iPhone: aA), choose the settings of this website, then Microphone and Allow. Then try again.",
    },
    no_microphone: {
      title: "No microphone was found",
      body: "Unplug a headset or switch Bluetooth off, then try again. If it stays like this, use another phone.",
    },
    microphone_busy: {
      title: "The microphone is in use",
      body: "Another app has it: end a call or close a recorder, then try again.",
    },
    link_invalid: {
      title: "This code is not valid any more",
      body: "A code works once and for five minutes. Ask the clinician for a new one and scan it, or type it in.",
    },
    slow_down: {
      title: "Too many wrong codes",
      body: "Wait five minutes, or scan the picture on the clinician's screen with the camera.",
    },
    revoked: {
      title: "This phone was disconnected",
      body: "The clinic has disconnected this phone. What it had sent before is kept. Ask the clinician if you should go on.",
    },
    ended: {
      title: "The session is over",
      body: "The clinician has ended this session. What was sent before is kept. You may close this page.",
    },
    replaced: {
      title: "Another page took over",
      body: "This session was opened again, here or on another phone. Go on there, or reload this page.",
    },
    unreachable: {
      title: "The clinic cannot be reached",
      body: "Is this phone in the clinic's Wi-Fi? This page keeps trying, you need not do anything else.",
    },
    outdated: {
      title: "This page is out of date",
      body: "Reload it to get the present one.",
    },
    refused: {
      title: "The clinic's computer refused",
      body: "Reload this page and try again. If it happens again, tell the clinician.",
    },
    interrupted: {
      title: "The recording was interrupted",
      body: "A call or another app took the microphone. What was recorded until then has been sent. Please record again.",
    },
    not_stored: {
      title: "The recording was not stored",
      body: "You can save it on this phone, and record again.",
    },
    mismatch: {
      title: "The recording arrived damaged",
      body: "What the clinic received is not what this phone sent. You can save the recording here. Please record again.",
    },
  },
};

const CATALOGUES = { en };

/** @param {readonly string[]} languages the person's, best first; the first known one is taken, English otherwise */
export function textsFor(languages) {
  const known = languages.map((tag) => tag.toLowerCase().split("-")[0]).find((language) => language in CATALOGUES);
  return CATALOGUES[known || "en"];
}

/** The text at a dotted path such as "consent.title". */
export function textAt(texts, path) {
  const text = path.split(".").reduce((node, key) => (node === undefined ? node : node[key]), texts);
  if (typeof text !== "string") throw new Error(`no text at ${path}`);
  return text;
}
