// Light or dark: as the system says, until the reader says otherwise.

export function themeToggle() {
  const button = document.getElementById("theme-toggle");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const show = (dark) => {
    document.documentElement.classList.toggle("dark", dark);
    document.documentElement.classList.toggle("light", !dark);
    button.setAttribute("aria-pressed", String(dark));
  };
  show(document.documentElement.classList.contains("dark"));
  button.addEventListener("click", () => {
    const dark = !document.documentElement.classList.contains("dark");
    show(dark);
    keep(dark ? "alternate" : "default");
  });
  system.addEventListener("change", () => kept() ?? show(system.matches));
}

function kept() {
  try { return localStorage.getItem("quarto-color-scheme"); } catch { return null; }
}

function keep(value) {
  try { localStorage.setItem("quarto-color-scheme", value); } catch { /* not kept */ }
}
