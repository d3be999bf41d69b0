// The upload page: drop or choose a file, watch it go, and see in place why it was refused. The form works without this.

import { UploadError, sendForm, sizeText } from "../lib/upload.js";
import { randomUuid } from "../lib/uuid.js";

class UploadPage {
  constructor(form) {
    this.form = form;
    this.input = form.querySelector("input[type=file]");
    this.drop = form.querySelector("[data-drop]");
    this.maxBytes = Number(form.dataset.maxMb) * 1024 * 1024;
    this.input.addEventListener("change", () => this.chosen());
    for (const name of ["dragenter", "dragover"]) this.drop.addEventListener(name, (event) => this.over(event));
    this.drop.addEventListener("dragleave", (event) => {
      if (!this.drop.contains(event.relatedTarget)) delete this.drop.dataset.over;
    });
    this.drop.addEventListener("drop", (event) => this.dropped(event));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    addEventListener("pageshow", () => this.idle());
    if (this.input.files.length) this.chosen();
  }

  over(event) {
    event.preventDefault();
    this.drop.dataset.over = "";
  }

  dropped(event) {
    event.preventDefault();
    delete this.drop.dataset.over;
    if (!event.dataTransfer.files.length) return;
    const one = new DataTransfer();
    one.items.add(event.dataTransfer.files[0]);
    this.input.files = one.files;
    this.chosen();
  }

  // Another file is another recording: the number that makes sending twice harmless goes with the file.
  chosen() {
    const [file] = this.input.files;
    this.form.elements.recording.value = randomUuid();
    const line = this.form.querySelector("[data-chosen]");
    line.hidden = !file;
    line.textContent = file ? sizeText(file.size) : "";
    this.showError(null);
  }

  async send() {
    if (this.sending) return;
    this.showError(this.objection());
    if (this.objection()) return;
    this.busy();
    try {
      const onProgress = (fraction) => this.progress(fraction);
      const { url } = await sendForm(this.form.action, new FormData(this.form), { onProgress });
      location.assign(url);
    } catch (error) {
      if (!(error instanceof UploadError)) throw error;
      this.idle();
      this.showError(error);
    }
  }

  // What the server would say too, without sending the file first.
  objection() {
    const [file] = this.input.files;
    if (!file) return new UploadError("upload.missing", "Choose a recording first.");
    if (file.size === 0) return new UploadError("upload.empty", "This file is empty. Copy it from the recorder again.");
    if (file.size > this.maxBytes) {
      const message = `This file is larger than ${this.form.dataset.maxMb} MB. Export a shorter part of the recording.`;
      return new UploadError("upload.too_large", message);
    }
    if (!this.form.elements.consent.checked) {
      const message = "Confirm that the patient, or a guardian, has agreed to this recording.";
      return new UploadError("upload.consent", message);
    }
    return null;
  }

  busy() {
    this.sending = true;
    this.form.querySelector("[data-submit]").disabled = true;
    this.form.querySelector("[data-progress]").hidden = false;
    this.progress(0);
  }

  idle() {
    this.sending = false;
    this.form.querySelector("[data-submit]").disabled = false;
    this.form.querySelector("[data-progress]").hidden = true;
  }

  progress(fraction) {
    const percent = Math.round(100 * fraction);
    const bar = this.form.querySelector("progress");
    const text = this.form.querySelector("[data-progress-text]");
    if (percent < 100) {
      bar.value = percent;
      text.textContent = `Sending, ${percent} %`;
    } else {
      bar.removeAttribute("value");
      text.textContent = "Sent; the sound is being read";
    }
  }

  showError(error) {
    const box = this.form.querySelector("[data-error]");
    box.hidden = !error;
    box.querySelector("[data-error-message]").textContent = error?.message ?? "";
    box.querySelector("[data-error-code]").textContent = error?.code ?? "";
    if (error) box.scrollIntoView({ block: "nearest" });
  }
}

const form = document.querySelector("[data-upload]");
if (form) new UploadPage(form);
