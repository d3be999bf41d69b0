// The frame around every page: the theme switch, and menus that close when one looks elsewhere.

const root = document.documentElement;

function currentTheme() {
  return root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

function showTheme(button) {
  const other = currentTheme() === "dark" ? "light" : "dark";
  button.textContent = other === "dark" ? button.dataset.dark : button.dataset.light;
}

function switchTheme(button) {
  root.dataset.theme = currentTheme() === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
  showTheme(button);
  root.dispatchEvent(new CustomEvent("themechange", { bubbles: true }));
}

for (const button of document.querySelectorAll("[data-theme-switch]")) {
  showTheme(button);
  button.addEventListener("click", () => switchTheme(button));
}

const menus = [...document.querySelectorAll("details.menu")];

document.addEventListener("click", (event) => {
  for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus.filter((each) => each.open)) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A form that was sent is not sent again by a second, impatient click.
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-once]")) {
    for (const button of event.target.querySelectorAll("button")) {
      if (button !== event.submitter) continue;
      button.setAttribute("aria-disabled", "true");
      setTimeout(() => { button.disabled = true; });
    }
  }
});

// Coming back by the browser's back button finds the form usable again.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[data-once] button")) {
    button.disabled = false;
    button.removeAttribute("aria-disabled");
  }
});

// Filters that a narrow screen folds away stand open on a wide one.
const wide = matchMedia("(min-width: 721px)");

function unfold() {
  for (const details of document.querySelectorAll("details[data-open-wide]")) if (wide.matches) details.open = true;
}

wide.addEventListener("change", unfold);
unfold();

// Of tabs that do not all fit, the current one is brought into sight.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
