/** What every canvas plot needs: sharp pixels at any zoom, and the colours of the theme in force. */

const COLOURS = {
  plot: "--color-plot",
  grid: "--color-plot-grid",
  gridStrong: "--color-plot-grid-strong",
  text: "--color-plot-text",
  wave: "--color-plot-wave",
  waveSoft: "--color-plot-wave-soft",
  gap: "--color-plot-gap",
  cursor: "--color-plot-cursor",
  systole: "--color-plot-systole",
  diastole: "--color-plot-diastole",
};

/** The theme's colours for plots, by name, as they apply to `element`. */
export function plotColours(element) {
  const style = getComputedStyle(element);
  return Object.fromEntries(Object.entries(COLOURS).map(([name, property]) => [name, style.getPropertyValue(property).trim()]));
}

/** Call `listener` whenever the page's theme changes, by the system or by choice; returns the function that stops it. */
export function onThemeChange(listener) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const choice = new MutationObserver(listener);
  system.addEventListener("change", listener);
  choice.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return () => {
    system.removeEventListener("change", listener);
    choice.disconnect();
  };
}

/** A canvas whose bitmap follows its box. Drawing happens in CSS pixels; `onChange` is called after a resize or a new theme. */
export class PlotSurface {
  constructor(canvas, onChange = () => {}) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.colours = plotColours(canvas);
    this.fit();
    this.resizes = new ResizeObserver(() => {
      this.fit();
      onChange();
    });
    this.resizes.observe(canvas);
    this.stopTheme = onThemeChange(() => {
      this.colours = plotColours(canvas);
      onChange();
    });
  }

  fit() {
    const ratio = window.devicePixelRatio || 1;
    this.ratio = ratio;
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    const [width, height] = [Math.max(1, Math.round(this.width * ratio)), Math.max(1, Math.round(this.height * ratio))];
    // Setting either empties the bitmap, so only when it differs.
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  close() {
    this.resizes.disconnect();
    this.stopTheme();
  }
}
