// What Quarto's frame leaves out for those who hear or tab through a page:
// names, roles and heading levels. Does nothing under the built-in renderer.

const FIXES = [
  [".navbar-toggler[role=menu]", (e) => e.removeAttribute("role")],
  ["#quarto-header > nav.navbar", (e) => e.setAttribute("aria-label", "Site")],
  ["nav#quarto-sidebar", (e) => e.setAttribute("aria-label", "Notes")],
  ["nav#TOC", (e) => e.setAttribute("aria-labelledby", "toc-title")],
  ["nav.quarto-secondary-nav", (e) => e.setAttribute("aria-label", "Section")],
  [".aa-Autocomplete", (e) => e.setAttribute("aria-label", "Search")],
  [".aa-DetachedSearchButton", (e) => e.setAttribute("aria-label", "Search")],
  [".quarto-listing :is(h3, h5).listing-title", (e) => level(e)],
  [".quarto-listing .thumbnail > a", (e) => { e.tabIndex = -1; e.ariaHidden = "true"; }],
  ["#quarto-margin-sidebar:has(.quarto-listing-category)", (e) => {
    e.setAttribute("role", "complementary");
    e.setAttribute("aria-label", "Categories");
  }],
  [".callout-header[data-bs-toggle]", (e) => button(e)],
];

function level(heading) {
  const above = heading.closest("section")?.querySelector(":scope > h2");
  heading.setAttribute("aria-level", above ? "3" : "2");
}

function button(header) {
  header.setAttribute("role", "button");
  header.removeAttribute("aria-label"); // its own text says more
  header.tabIndex = 0;
  header.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    header.click();
  });
}

if (document.querySelector('meta[name="generator"][content^="quarto"]')) {
  addEventListener("load", () => {
    for (const [selector, fix] of FIXES) document.querySelectorAll(selector).forEach(fix);
  });
}
