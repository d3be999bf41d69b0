/** Draws the phone's state. It reads the page's data-* marks, writes text and attributes, and decides nothing. */

import { actionsOf, countdown } from "../lib/phone-state.js";
import { textAt } from "../lib/phone-text.js";

const STEPS = ["consent", "hold", "record", "sent"];
const SAMPLES_PER_S = 8000;

export class PhoneView {
  /** @param {HTMLElement} root @param {object} texts a catalogue of phone-text.js */
  constructor(root, texts) {
    this.root = root;
    this.texts = texts;
    this.shownScreen = null;
    this.shownPhase = null;
    document.documentElement.lang = texts.language;
    document.title = texts.pageTitle;
    root.querySelectorAll("[data-text]").forEach((element) => {
      element.textContent = textAt(texts, element.dataset.text);
    });
    const steps = this.find("[data-hold-steps]");
    texts.hold.steps.forEach((text) => {
      const step = document.createElement("li");
      step.textContent = text;
      steps.append(step);
    });
  }

  find(selector) {
    return document.querySelector(selector);
  }

  /** Writes only what differs: most calls come 50 times a second and change a number at most. */
  write(selector, text) {
    const element = this.find(selector);
    if (element.textContent !== text) element.textContent = text;
  }

  show(selector, isShown) {
    this.find(selector).hidden = !isShown;
  }

  announce(text) {
    this.write("[data-announcer]", text);
  }

  render(state) {
    const { screen } = state;
    if (state.session) this.write("[data-clinic]", state.session.clinic);
    if (screen === "consent") this.renderConsent(state.session);
    if (screen === "hold") this.renderHold(state.session);
    if (screen === "record") this.renderRecord(state);
    if (screen === "sent") this.renderSent(state);
    if (screen === "problem") this.renderProblem(state);
    if (screen !== this.shownScreen) this.turnTo(screen);
  }

  turnTo(screen) {
    this.root.querySelectorAll("[data-screen]").forEach((section) => {
      section.hidden = section.dataset.screen !== screen;
    });
    const step = STEPS.indexOf(screen);
    this.write("[data-step]", step >= 0 ? this.texts.step(step + 1, STEPS.length) : "");
    window.scrollTo(0, 0);
    // The first screen leaves the focus where the browser put it; later ones move it to their heading.
    if (this.shownScreen !== null) this.root.querySelector(`[data-screen="${screen}"] h1`).focus();
    this.shownScreen = screen;
    this.shownPhase = null;
    if (screen !== "record") this.announce("");
  }

  renderConsent(session) {
    const { consent } = this.texts;
    const isChild = session.patient_is_child;
    this.write("[data-consent-title]", isChild ? consent.titleChild : consent.title);
    this.write('[data-consent="what"]', consent.what(session.settle_s + session.target_s));
    this.write('[data-consent="who"]', consent.who(session.clinic));
    this.write('[data-consent="kept"]', consent.kept(session.retention_days));
    this.write('[data-consent="withdraw"]', consent.withdraw(session.clinic));
    this.write("[data-consent-agree]", isChild ? consent.agreeGuardian : consent.agree);
  }

  renderHold(session) {
    const { hold } = this.texts;
    const key = session.site in hold.sites ? session.site : "";
    const site = hold.sites[key];
    this.write("[data-site-name]", site.name);
    this.write("[data-site-where]", site.where);
    this.write("[data-posture]", hold.postures[session.posture] || "");
    const picture = this.find(".torso");
    picture.dataset.site = key;
    picture.setAttribute("aria-label", hold.pictureAlt(site.name));
  }

  renderRecord({ take, isOffline, isSilent }) {
    const { record } = this.texts;
    const isSending = take.phase === "sending";
    const waitingS = Math.ceil(take.waitingSamples / SAMPLES_PER_S);
    this.write("[data-record-title]", record.titles[take.phase]);
    this.write("[data-record-hint]", record.hints[take.phase]);
    this.renderNotice({ isOffline, isSilent, isSending, waitingS });
    const isLive = take.phase === "settling" || take.phase === "counting";
    this.show("[data-ring]", isLive);
    this.show(".phone__live", isLive);
    this.show("[data-sent-share]", isSending);
    this.show('[data-screen="record"] [data-action="stop"]', isLive);
    this.show('[data-screen="record"] [data-action="download"]', isSending && isOffline && take.samples > 0);
    if (isSending) this.find("[data-sent-share]").value = take.samples > 0 ? 1 - take.waitingSamples / take.samples : 0;
    if (isLive) this.renderRing(take);
    this.announcePhase(take.phase);
  }

  renderNotice({ isOffline, isSilent, isSending, waitingS }) {
    const { record } = this.texts;
    let notice = "";
    if (isOffline) notice = isSending ? record.offlineSending(waitingS) : record.offline(waitingS);
    else if (isSilent && !isSending) notice = record.silent;
    this.write("[data-record-notice]", notice);
    this.show("[data-record-notice]", notice !== "");
  }

  renderRing(take) {
    const { secondsLeft, fraction } = countdown(take);
    this.write("[data-seconds]", String(secondsLeft));
    this.find("[data-ring]").dataset.phase = take.phase;
    this.find("[data-ring-done]").setAttribute("stroke-dasharray", `${100 * fraction} 100`);
    this.find("[data-ring-picture]").setAttribute("aria-label", this.texts.record.ringAlt(secondsLeft));
  }

  /** A screen reader's voice would be in the recording, so it speaks before and after the usable part only. */
  announcePhase(phase) {
    if (phase === this.shownPhase) return;
    this.shownPhase = phase;
    this.announce(phase === "counting" ? "" : `${this.texts.record.titles[phase]}. ${this.texts.record.hints[phase]}`);
  }

  /** @param {{fraction: () => number, clipping: boolean}} meter */
  renderLevel(meter) {
    const { record } = this.texts;
    this.find("[data-level-bar]").setAttribute("width", String(200 * meter.fraction()));
    this.find("[data-level]").toggleAttribute("data-clipping", meter.clipping);
    this.write("[data-level-label]", meter.clipping ? record.tooLoud : record.level);
  }

  renderSent(state) {
    this.write("[data-sent-take]", this.texts.sent.take(state.takes));
  }

  renderProblem(state) {
    const { code, message } = state.problem;
    const { title, body } = this.texts.problems[code];
    this.write("[data-problem-title]", title);
    this.write("[data-problem-body]", body);
    this.write("[data-problem-message]", message);
    const actions = actionsOf(state);
    this.root.querySelectorAll("[data-problem-action]").forEach((button) => {
      button.hidden = !actions.includes(button.dataset.problemAction);
    });
  }

  showCodeError(isShown) {
    this.write("[data-code-error]", isShown ? this.texts.code.incomplete : "");
    this.find("#code").setAttribute("aria-invalid", String(isShown));
  }

  showConsentError(isShown) {
    this.write("[data-consent-error]", isShown ? this.texts.consent.missing : "");
    this.find("#agree").setAttribute("aria-invalid", String(isShown));
  }
}
