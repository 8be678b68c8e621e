// What is wider than the page scrolls by itself: code, tables, formulas and figures
// that overflow become regions that the keyboard reaches and a screen reader names.

const KINDS = [
  ["main pre", "Code"],
  ["main table", "Table"],
  ["main math[display=block]", "Formula"],
];
const WIDE = 600; // pixels: a figure drawn wider than this has several panels or much text,
const LEGIBLE = "480px"; // which are too small to read where it is shown narrower than this

// The box that scrolls: around a table or a formula, since these can't themselves.
function region(element) {
  if (element.tagName === "PRE") return element;
  if (element.tagName === "IMG") return element.parentElement;
  const labelled = element.closest("span[id^=eq-]");
  if (labelled) return labelled;
  const box = document.createElement(element.tagName === "TABLE" ? "div" : "span");
  box.className = element.tagName === "TABLE" ? "table-region" : "equation-region";
  element.replaceWith(box);
  box.append(element);
  return box;
}

function update(box, label) {
  const overflows = box.scrollWidth > box.clientWidth + 1;
  box.classList.toggle("scrolls", overflows);
  if (overflows) {
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", `${label}, scrolls sideways`);
  } else if (box.hasAttribute("aria-label")) {
    for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
  }
}

export function regions() {
  const sizes = new Map();
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) update(target, sizes.get(target));
  });
  function add(element, label) {
    const box = region(element);
    sizes.set(box, label);
    watch.observe(box);
  }
  for (const [selector, label] of KINDS) {
    for (const element of document.querySelectorAll(selector)) add(element, label);
  }
  function figure(image) {
    if (image.naturalWidth <= WIDE) return;
    image.style.minWidth = LEGIBLE;
    image.parentElement.classList.add("figure-region");
    add(image, "Figure");
  }
  for (const image of document.querySelectorAll("main figure img.figure-img")) {
    if (image.complete) figure(image);
    else image.addEventListener("load", () => figure(image), { once: true });
  }
  // A formula in the text that is wider than its line gets a line that scrolls.
  function long() {
    for (const formula of document.querySelectorAll("main math:not([display=block])")) {
      const line = formula.closest("p, li, dd, td, figcaption");
      if (!line || formula.closest(".equation-region")) continue;
      const { width } = formula.getBoundingClientRect();
      if (width > line.clientWidth && line.clientWidth > 0) add(formula, "Formula");
    }
  }
  long();
  addEventListener("resize", long);
  document.addEventListener("toggle", long, { capture: true });
}

regions();
