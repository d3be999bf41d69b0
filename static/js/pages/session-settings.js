// What the next take will be of: sent as soon as it is chosen, to the server and from there to the phone.

export class SettingsForm {
  constructor(form, url) {
    this.form = form;
    this.url = url;
    form.addEventListener("change", () => {
      this.showSite();
      this.save();
    });
    this.wirePicture();
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
  }

  /** The picture shows where the phone goes; its spots are a larger target than the radio buttons, which say the same. */
  wirePicture() {
    this.picture = this.form.querySelector(".torso");
    const words = { yourRight: "patient's right", yourLeft: "patient's left" };
    for (const text of this.picture.querySelectorAll("[data-text]")) text.textContent = words[text.dataset.text];
    for (const spot of this.picture.querySelectorAll("[data-spot]")) {
      spot.addEventListener("click", () => this.form.querySelector(`[name=site][value=${spot.dataset.spot}]`).click());
    }
    this.showSite();
  }

  showSite() {
    this.picture.dataset.site = this.form.elements.site.value;
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
