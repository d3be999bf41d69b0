// The pairing card: a code for the phone, renewed before it runs out, until a phone has come.

const RENEW_BEFORE_MS = 5000;

export class PairingCard {
  constructor(root, url) {
    this.root = root;
    this.url = url;
    this.token = root.ownerDocument.querySelector("[name=csrfmiddlewaretoken]").value;
    this.timer = null;
    this.part("new-code").addEventListener("click", () => this.issue());
    this.part("revoke").addEventListener("click", () => this.revoke());
  }

  part(name) {
    return this.root.querySelector(`[data-${name}]`);
  }

  /** Shows a code while no phone is there; a phone that only lost its network comes back by itself. */
  showPhone({ state, device }) {
    const there = state !== "waiting";
    if (there) this.stop();
    else if (!this.timer) this.issue();
    this.part("pairing-code").hidden = there;
    this.part("pairing-done").hidden = !there;
    this.part("revoke").hidden = !there;
    this.part("pairing-device").textContent = device ? `Phone: ${device}` : "Phone connected";
  }

  async issue() {
    this.stop();
    const answer = await this.post("");
    if (!answer) return;
    this.part("pairing-code").hidden = false;
    this.part("qr").src = answer.qr;
    this.part("address").textContent = answer.address;
    this.part("code").textContent = answer.code;
    const lifeMs = Date.parse(answer.expires_at) - Date.now();
    this.part("expiry").textContent = `Good for one phone; renewed every ${Math.round(lifeMs / 60000)} minutes.`;
    this.timer = setTimeout(() => this.issue(), Math.max(RENEW_BEFORE_MS, lifeMs - RENEW_BEFORE_MS));
  }

  async revoke() {
    if (await this.post("revoke/")) this.showPhone({ state: "waiting" });
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  /** @returns the answer, or null after showing what went wrong */
  async post(path) {
    const error = this.part("pairing-error");
    try {
      const response = await fetch(this.url + path, {
        method: "POST",
        headers: { "X-CSRFToken": this.token, Accept: "application/json" },
      });
      const answer = await response.json();
      error.hidden = response.ok;
      error.textContent = response.ok ? "" : answer.error.message;
      return response.ok ? answer : null;
    } catch {
      error.hidden = false;
      error.textContent = "The server could not be reached. Check the network, then ask for a new code.";
      return null;
    }
  }
}
