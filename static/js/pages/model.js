// The operating point's page: what a choice would do, before it is saved. Without this the figures follow on saving.

const PAUSE_MS = 150;

class ChoiceForm {
  constructor(form, place) {
    this.form = form;
    this.place = place;
    this.wish = form.querySelector("[name=sensitivity_percent]");
    this.slider = form.querySelector("[data-slider]");
    if (this.wish && this.slider) this.pairSlider();
    form.addEventListener("input", (event) => this.changed(event.target));
  }

  pairSlider() {
    this.slider.min = this.wish.min;
    this.slider.max = this.wish.max;
    this.slider.value = this.wish.value;
    this.slider.hidden = false;
  }

  changed(control) {
    if (control === this.slider) this.wish.value = this.slider.value;
    if (control === this.wish) this.slider.value = this.wish.value;
    if (control === this.slider || control === this.wish) this.form.querySelector("[value=adjusted]").checked = true;
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.show(), PAUSE_MS);
  }

  async show() {
    this.pending?.abort();
    this.pending = new AbortController();
    const asked = new URLSearchParams(new FormData(this.form));
    asked.delete("csrfmiddlewaretoken");
    try {
      const response = await fetch(`${this.form.dataset.figuresUrl}?${asked}`, { signal: this.pending.signal });
      if (!response.ok) throw new Error(`answered ${response.status}`);
      const html = new DOMParser().parseFromString(await response.text(), "text/html");
      this.place.replaceChildren(...html.body.childNodes);
    } catch (error) {
      if (error.name !== "AbortError") this.place.replaceChildren(failure());
    }
  }
}

function failure() {
  const message = document.createElement("p");
  message.className = "message message--error";
  message.textContent = "The figures could not be loaded. Saving still works and shows them.";
  return message;
}

const form = document.querySelector("[data-choice]");
if (form) new ChoiceForm(form, document.querySelector("[data-figures]"));
