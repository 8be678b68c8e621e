// Search: a dialog over pagefind's index, which is loaded when it is opened.

const offset = document.querySelector('meta[name="quarto:offset"]').content;
const EMPTY = "Type a word of the posts and notes.";
const SECTIONS = 3; // shown of a page
let engine;
let known;

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
  engine ??= import("../../pagefind/pagefind.js").then(async (module) => {
    await module.init();
    return module;
  });
  return engine;
}

// What is known by name: terms and their synonyms, exercises by number, equations.
// The site as a file brings them with its own engine, since nothing can be fetched there.
function answers() {
  const file = new URL(`${offset}site_libs/tinynets/answers.json`, document.baseURI);
  const fetched = () => fetch(file).then((reply) => reply.json());
  known ??= load().then((engine) => engine.answers?.() ?? fetched());
  return known;
}

function named(words, all) {
  const query = words.toLowerCase().replace(/[^\p{L}\p{N}_.+-]+/gu, " ").trim();
  const parts = query.split(" ");
  const exact = all.filter(({ keys }) => keys.includes(query));
  const near = ({ keys }) => keys.some((key) => parts.every((part) => ` ${key}`.includes(` ${part}`)));
  const others = query.length < 3 ? [] : all.filter((one) => !exact.includes(one) && near(one));
  return { exact, others: others.slice(0, exact.length ? 2 : 4) };
}

// Pages that hold the words, or another name of the same thing; the better first.
async function pagesWith(engine, words, exact) {
  const found = await engine.debouncedSearch(words, {}, 120);
  if (found === null) return null;
  const names = [...new Set(exact.map((one) => one.title.split(":")[0]))].filter((name) => name !== words);
  const more = await Promise.all(names.slice(0, 1).map((name) => engine.search(name)));
  const best = new Map();
  for (const result of [...more.flatMap((one) => one.results), ...found.results]) {
    if (!best.has(result.id)) best.set(result.id, result);
  }
  return [...best.values()];
}

async function find(words) {
  if (!words) return show([], EMPTY);
  try {
    const [engine, all] = await Promise.all([load(), answers()]);
    const { exact, others } = named(words, all);
    const found = await pagesWith(engine, words, exact);
    if (found === null) return;
    const pages = await Promise.all(found.slice(0, 12).map((result) => result.data()));
    const count = found.length;
    const none = count + exact.length + others.length === 0;
    const said = none ? `Nothing found for “${words}”` : `${count} ${count === 1 ? "page" : "pages"}`;
    show([...[...exact, ...others].map(answer), ...pages.map(entry)], said);
  } catch {
    show([], "The search index can't be read. It needs the site to be served, for example by “make preview”.");
  }
}

function show(items, status) {
  document.getElementById("search-status").textContent = status;
  document.getElementById("search-results").replaceChildren(...items);
}

function answer({ title, url, text }) {
  const item = document.createElement("li");
  item.append(result(new URL(offset + url, document.baseURI).href, title, "", "found-page found-answer"));
  const line = document.createElement("span");
  line.textContent = text;
  item.firstChild.append(line);
  return item;
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
