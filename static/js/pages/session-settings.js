// What the next take will be of: sent as soon as it is chosen, to the server and from there to the phone.

export class SettingsForm {
  constructor(form, url) {
    this.form = form;
    this.url = url;
    form.addEventListener("change", () => this.save());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
  }

  async save() {
    if (!this.form.reportValidity()) return;
    const state = this.form.querySelector("[data-settings-state]");
    try {
      const response = await fetch(this.url, {
        method: "POST",
        headers: { Accept: "application/json" },
        body: new FormData(this.form),
      });
      state.textContent = response.ok ? "Sent to the phone." : (await response.json()).error.message;
    } catch {
      state.textContent = "Not saved: the server could not be reached.";
    }
  }
}
