// A recording's page: the sound, and the result as soon as it is there.

import { MonitorClient, socketUrl } from "../lib/monitor-client.js";
import { RecordingPanel } from "../lib/viewer/panel.js";

const place = document.getElementById("monitor");
const panel = new RecordingPanel(place.querySelector("[data-recording-panel]"));

if (panel.isPending) {
  const client = new MonitorClient({ url: socketUrl(`/ws/monitor/${place.dataset.session}/`) });
  // What was said before the socket opened is in the page that the server renders now.
  client.on("welcome", () => panel.refreshResult());
  client.on("analysis", (message) => {
    if (message.recording !== panel.recording) return;
    if (message.status === "done" || message.status === "failed") {
      panel.refreshResult();
      client.close();
    } else {
      panel.showProgress(message);
    }
  });
  client.open();
}
