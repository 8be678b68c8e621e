// Exercises that a reader has solved: kept in this browser, counted and filtered on their list,
// saved to a file and loaded from one.

const SOLVED = "tinynets-solved";
const siteRoot = new URL(document.querySelector('meta[name="quarto:offset"]').content, document.baseURI);

export function solvedMarks() {
  for (const heading of document.querySelectorAll(".exercise > .theorem-title[id]")) onPage(heading);
  const list = document.getElementById("all-exercises");
  if (list) overview(list);
}

function marks() {
  try {
    const found = JSON.parse(localStorage.getItem(SOLVED) ?? "{}");
    return found && typeof found === "object" ? found : {};
  } catch { return {}; }
}

function keepMarks(solved) {
  try { localStorage.setItem(SOLVED, JSON.stringify(solved)); } catch { /* not kept */ }
}

function setMark(key, done) {
  const solved = marks();
  if (done) solved[key] = new Date().toISOString().slice(0, 10);
  else delete solved[key];
  keepMarks(solved);
}

// A page and its anchor, from the root of the site: the same wherever the site lies.
function keyOf(address) {
  const url = new URL(address, document.baseURI);
  const path = url.pathname.slice(siteRoot.pathname.length).replace(/(^|\/)$/, "$1index.html");
  return `${path}${url.hash}`;
}

function box(name, key) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  label.className = "solved";
  input.type = "checkbox";
  input.checked = key in marks();
  input.setAttribute("aria-label", `Solved: ${name}`);
  input.addEventListener("change", () => setMark(key, input.checked));
  label.append(input, "solved");
  return label;
}

function onPage(heading) {
  const line = heading.parentElement.querySelector(".marks");
  const name = heading.firstChild?.textContent ?? heading.id;
  if (line) line.append(" ", box(name, keyOf(`#${heading.id}`)));
}

function overview(list) {
  const rows = [...list.querySelectorAll("li")].map((item) => {
    const link = item.querySelector("a");
    const title = item.closest(".exercises").querySelector("h2").textContent;
    const text = spaced(`${link.textContent} ${title} ${item.dataset.words ?? ""}`);
    return { item, text, key: keyOf(link.href), box: item.querySelector("input") };
  });
  const controls = document.querySelector(".exercise-controls");
  const state = controls.nextElementSibling;
  const update = () => filterRows(list, rows, controls, state);
  for (const { box, key } of rows) {
    box.checked = key in marks();
    box.addEventListener("change", () => { setMark(key, box.checked); update(); });
  }
  for (const field of controls.querySelectorAll("select, [type=search]")) field.addEventListener("input", update);
  controls.querySelector("button").addEventListener("click", save);
  controls.querySelector("[type=file]").addEventListener("change", (event) => load(event.target, rows, update));
  update();
}

// Letters, digits and the dot of a label, each word after a space.
const spaced = (text) => ` ${text.toLowerCase().replace(/[^\p{L}\p{N}.]+/gu, " ").trim()}`;

// A row is shown if each word that was typed begins one of its own, and its marks are those chosen.
function filterRows(list, rows, controls, state) {
  const solved = marks();
  const wanted = Object.fromEntries([...controls.querySelectorAll("[name]")].map((one) => [one.name, one.value]));
  const words = spaced(wanted.words).split(" ").filter(Boolean);
  const fits = ({ item, text, key }) =>
    ["kind", "difficulty"].every((name) => !wanted[name] || item.dataset[name] === wanted[name]) &&
    (!wanted.marks || key in solved === (wanted.marks === "solved")) &&
    words.every((word) => text.includes(` ${word}`));
  for (const row of rows) row.item.hidden = !fits(row);
  for (const group of list.querySelectorAll(".exercises")) group.hidden = !group.querySelector("li:not([hidden])");
  const shown = rows.filter(({ item }) => !item.hidden).length;
  const done = rows.filter(({ key }) => key in solved).length;
  state.textContent = `${shown} of ${rows.length} exercises shown; ${done} marked as solved in this browser.`;
}

function save() {
  const text = JSON.stringify({ solved: marks() }, null, 2);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = "tiny-nets-solved.json";
  link.click();
  URL.revokeObjectURL(link.href);
}

async function load(input, rows, update) {
  try {
    const { solved } = JSON.parse(await input.files[0].text());
    keepMarks({ ...marks(), ...Object.fromEntries(Object.entries(solved).map(([k, v]) => [k, String(v)])) });
    for (const { box, key } of rows) box.checked = key in marks();
    update();
  } catch {
    input.parentElement.querySelector("span").textContent = "That file holds no marks: load one that was saved here";
  }
}
