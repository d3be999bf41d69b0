// The list of takes, and the panel of the take that was stored last.

import { RecordingPanel } from "../lib/viewer/panel.js";

const ANY_RECORDING = "00000000-0000-0000-0000-000000000000";

export class TakesColumn {
  constructor(page, { takesUrl, panelUrl }) {
    this.list = page.querySelector("[data-takes-list]");
    this.place = page.querySelector("[data-latest-panel]");
    this.takesUrl = takesUrl;
    this.panelUrl = panelUrl;
    this.panel = null;
  }

  async refresh() {
    const html = await fetchHtml(this.takesUrl);
    if (html) this.list.replaceChildren(...html.body.childNodes);
  }

  async showPanel(recording) {
    const html = await fetchHtml(this.panelUrl.replace(ANY_RECORDING, recording));
    const root = html?.querySelector("[data-recording-panel]");
    if (!root) return;
    this.hidePanel();
    this.place.replaceChildren(root);
    this.panel = new RecordingPanel(root);
    // The analysis may have ended between rendering and now, unseen.
    if (this.panel.isPending && this.early?.recording === recording) this.panel.refreshResult();
  }

  hidePanel() {
    this.panel?.close();
    this.panel = null;
    this.place.replaceChildren();
  }

  progress(message) {
    const ended = message.status === "done" || message.status === "failed";
    if (ended) this.early = message;
    if (this.panel?.recording !== message.recording) return;
    if (ended) this.panel.refreshResult();
    else this.panel.showProgress(message);
  }

  refreshResult() {
    if (this.panel?.isPending) this.panel.refreshResult();
  }
}

async function fetchHtml(url) {
  const response = await fetch(url);
  return response.ok ? new DOMParser().parseFromString(await response.text(), "text/html") : null;
}
