// Search in the site as a file: pagefind's calls, over pagefind's texts, which a script brings.
// Browsers refuse fetch and WebAssembly to pages opened as files.

const EXCERPT = 24; // words
let site;

export async function init() {
  const root = new URL(document.querySelector('meta[name="quarto:offset"]').content, document.baseURI);
  site = await brought(new URL("search-index.js", root));
  site.pages = site.pages.map((page) => indexed(page, root));
}

export function answers() {
  return site.answers;
}

export function search(query) {
  const wanted = plain(query).split(/[^\p{L}\p{N}]+/u).filter(Boolean).map(stem);
  const found = wanted.length ? site.pages.map((page) => match(page, wanted)) : [];
  const results = found.filter((one) => one.score > 0).sort((a, b) => b.score - a.score);
  return { results: results.map((one) => ({ id: one.page.url, data: async () => told(one) })) };
}

export async function debouncedSearch(query) {
  return search(query);
}

function brought(address) {
  return new Promise((done, failed) => {
    const script = document.createElement("script");
    script.onload = () => done(globalThis.searchIndex);
    script.onerror = failed;
    script.src = address.href;
    document.head.append(script);
  });
}

function indexed({ url, title, text, anchors }, root) {
  const shown = text.split(/\s+/);
  const words = shown.map((word) => plain(word).replace(/^[^\p{L}\p{N}]+/u, ""));
  return { url: new URL(url, root).href, title, anchors, shown, words, head: plain(title) };
}

function plain(text) {
  return text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
}

function stem(word) {
  return word.length > 4 ? word.replace(/(?:ies|es|s|ing|ed)$/, "") : word;
}

// Where each word stands; a page holds all of them, and is the better the denser they are.
function match(page, wanted) {
  const places = wanted.map((word) => page.words.flatMap((one, at) => (one.startsWith(word) ? [at] : [])));
  const heads = page.anchors.map((one) => plain(one.text)).join(" ");
  const named = (word) => (` ${page.head}`.includes(` ${word}`) ? 3 : 0) + (` ${heads}`.includes(` ${word}`) ? 1 : 0);
  const worth = places.map((all, i) => (all.length ? named(wanted[i]) + all.length / Math.sqrt(page.words.length) : 0));
  const score = worth.includes(0) ? 0 : worth.reduce((sum, one) => sum + one, 0);
  return { page, hits: new Set(places.flat()), score };
}

function told({ page, hits }) {
  const ends = [...page.anchors.slice(1).map((one) => one.at), page.words.length];
  const sections = page.anchors
    .map(({ id, text, at }, i) => ({ id, text, at, inside: [...hits].filter((hit) => hit >= at && hit < ends[i]) }))
    .filter(({ inside }) => inside.length)
    .sort((a, b) => b.inside.length - a.inside.length);
  return {
    url: page.url,
    meta: { title: page.title },
    excerpt: excerpt(page, hits, Math.min(...hits)),
    sub_results: sections.map(({ id, text, inside }) => ({
      url: `${page.url}#${id}`,
      title: text,
      excerpt: excerpt(page, hits, Math.min(...inside)),
    })),
  };
}

function excerpt({ shown }, hits, first) {
  const from = Math.max(0, first - EXCERPT / 3);
  const safe = (word) => word.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  const marked = (word, i) => (hits.has(from + i) ? `<mark>${safe(word)}</mark>` : safe(word));
  return shown.slice(from, from + EXCERPT).map(marked).join(" ");
}
