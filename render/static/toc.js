// The table of contents: marks the section being read, and steps aside for
// what stands in the margin.

export function tableOfContents() {
  const toc = document.getElementById("TOC");
  if (!toc) return;
  const links = [...toc.querySelectorAll("a[href^='#']")];
  const targets = links.map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))));
  const wide = [...document.querySelectorAll("main .column-page")];
  let waiting = false;
  const update = () => {
    waiting = false;
    mark(links, targets);
    toc.classList.toggle("covered", wide.some((element) => overlaps(element, toc)));
  };
  const soon = () => {
    if (!waiting) requestAnimationFrame(update);
    waiting = true;
  };
  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", soon);
  update();
}

function mark(links, targets) {
  const passed = targets.filter((target) => target && target.getBoundingClientRect().top < 140);
  const current = passed.at(-1);
  links.forEach((link, place) => {
    const active = targets[place] === current && current !== undefined;
    link.classList.toggle("active", active);
    active ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
  });
}

function overlaps(element, other) {
  const [a, b] = [element.getBoundingClientRect(), other.getBoundingClientRect()];
  return a.top < b.bottom && a.bottom > b.top && a.right > b.left;
}
