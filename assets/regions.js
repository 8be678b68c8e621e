// What is wider than the page scrolls by itself: code, tables, formulas and figures
// that overflow become regions that the keyboard reaches and a screen reader names.

const KINDS = [
  ["main pre", "Code"],
  ["main table", "Table"],
  ["main math[display=block]", "Formula"],
  ["main figure img.many", "Figure"], // drawn wide, and never shown too small to read
];
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
  atEnd(box);
  if (overflows) {
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", `${label}, scrolls sideways`);
  } else if (box.hasAttribute("aria-label")) {
    for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
  }
}

// What is scrolled to its end has nothing more to show, and no edge that fades.
function atEnd(box) {
  box.classList.toggle("at-end", box.scrollLeft + box.clientWidth > box.scrollWidth - 2);
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
    box.addEventListener("scroll", () => atEnd(box), { passive: true });
  }
  for (const [selector, label] of KINDS) {
    for (const element of document.querySelectorAll(selector)) add(element, label);
  }
  // A formula in the text that is wider than its line gets a line that scrolls,
  // for as long as it is; paper has lines of its own.
  function long() {
    if (matchMedia("print").matches) return;
    for (const formula of document.querySelectorAll("main math:not([display=block])")) {
      const line = formula.closest("p, li, dd, td, figcaption");
      if (!line || line.clientWidth === 0) continue;
      const isLong = formula.getBoundingClientRect().width > line.clientWidth;
      const box = formula.closest(".equation-region");
      if (isLong && !box) add(formula, "Formula");
      if (!isLong && box) box.replaceWith(formula);
    }
  }
  long();
  addEventListener("resize", long);
  document.addEventListener("toggle", long, { capture: true });
}

regions();
