// A session's live page: connection, sound as it arrives, and each take's result when it is read.

import { MonitorClient, socketUrl } from "../lib/monitor-client.js";
import { LiveCard } from "./session-live.js";
import { PairingCard } from "./session-pairing.js";
import { SettingsForm } from "./session-settings.js";
import { TakesColumn } from "./session-takes.js";

const page = document.getElementById("live");
const { session, open, takesUrl, panelUrl, pairingUrl, settingsUrl, latest, targetS, settleS } = page.dataset;

const setMode = (mode) => { page.dataset.mode = mode; };
const live = new LiveCard(page.querySelector(".live"), { targetS: Number(targetS), settleS: Number(settleS) });
const takes = new TakesColumn(page, { takesUrl, panelUrl });
const pairing = page.querySelector("[data-pairing]") ? new PairingCard(page.querySelector("[data-pairing]"), pairingUrl) : null;
const form = page.querySelector("[data-settings]");
if (form) new SettingsForm(form, settingsUrl);
if (latest) takes.showPanel(latest);

const phoneChanged = (phone) => {
  live.showPhone(phone);
  pairing?.showPhone(phone);
};

const client = new MonitorClient({ url: socketUrl(`/ws/monitor/${session}/`) });
client.on("connection", (connection) => live.showConnection(connection));
client.on("welcome", (message) => {
  live.setTimes(message.target_s, message.settle_s);
  phoneChanged(message.phone);
  if (message.take) {
    live.startTake(message.take);
    setMode("live");
  }
  takes.refresh();
  takes.refreshResult();
});
client.on("phone", phoneChanged);
client.on("settings", (message) => live.setTimes(message.target_s ?? live.targetS, message.settle_s ?? live.settleS));
client.on("take", (message) => {
  live.startTake(message);
  setMode("live");
  takes.hidePanel();
  takes.refresh();
});
client.on("audio", (frame) => live.write(frame));
client.on("stored", (message) => {
  live.endTake("Stored");
  setMode("review");
  takes.refresh();
  takes.showPanel(message.recording);
});
client.on("failed", (message) => {
  live.endTake(message.message || "Nothing could be stored from this take.");
  takes.refresh();
});
client.on("analysis", (message) => {
  takes.progress(message);
  if (message.status === "done" || message.status === "failed") takes.refresh();
});
if (open === "true" || latest) client.open();
