// Search: a dialog over pagefind's index, which is loaded when it is opened.

const offset = document.querySelector('meta[name="quarto:offset"]').content;
const EMPTY = "Type a word of the posts and notes.";
const SECTIONS = 3; // shown of a page
let engine;

export function search() {
  const dialog = document.getElementById("search");
  if (!dialog) return;
  const input = document.getElementById("search-input");
  const open = () => {
    if (dialog.open) return;
    dialog.showModal();
    input.select();
    load().catch(() => {});
  };
  document.getElementById("search-open").addEventListener("click", open);
  document.getElementById("search-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.getElementById("search-results").addEventListener("click", () => dialog.close());
  dialog.addEventListener("keydown", (event) => walk(event, input));
  input.addEventListener("input", () => find(input.value.trim()));
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    event.preventDefault();
    open();
  });
}

function load() {
  engine ??= import(new URL(`${offset}pagefind/pagefind.js`, document.baseURI)).then(async (module) => {
    await module.init();
    return module;
  });
  return engine;
}

async function find(words) {
  if (!words) return show([], EMPTY);
  try {
    const found = await (await load()).debouncedSearch(words, {}, 120);
    if (found === null) return;
    const pages = await Promise.all(found.results.slice(0, 12).map((result) => result.data()));
    const count = found.results.length;
    show(pages, count === 0 ? `Nothing found for “${words}”` : `${count} ${count === 1 ? "page" : "pages"}`);
  } catch {
    show([], "The search index can't be read. It needs the site to be served, for example by “make preview”.");
  }
}

function show(pages, status) {
  document.getElementById("search-status").textContent = status;
  document.getElementById("search-results").replaceChildren(...pages.map(entry));
}

// A page, and below it the sections where the words stand.
function entry(page) {
  const item = document.createElement("li");
  const sections = page.sub_results.filter((section) => section.url !== page.url).slice(0, SECTIONS);
  item.append(result(page.url, page.meta.title, sections.length ? "" : page.excerpt, "found-page"));
  for (const { url, title, excerpt } of sections) item.append(result(url, title, excerpt, "found-section"));
  return item;
}

function result(url, name, text, kind) {
  const link = document.createElement("a");
  const title = document.createElement("b");
  link.href = url;
  link.className = kind;
  title.textContent = name.replace(/\s*#$/, "");
  link.append(title);
  if (text) {
    const excerpt = document.createElement("span");
    excerpt.innerHTML = text; // pagefind escapes the text; its own <mark> is left
    link.append(excerpt);
  }
  return link;
}

function walk(event, input) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const stops = [input, ...document.querySelectorAll("#search-results a")];
  const at = stops.indexOf(document.activeElement);
  stops[Math.min(Math.max(at + step, 0), stops.length - 1)].focus();
}
