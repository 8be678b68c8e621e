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

function box(name, key, changed) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  label.className = "solved";
  input.type = "checkbox";
  input.checked = key in marks();
  input.dataset.key = key;
  input.setAttribute("aria-label", `Solved: ${name}`);
  input.addEventListener("change", () => { setMark(key, input.checked); changed?.(); });
  label.append(input, "solved");
  return label;
}

function onPage(heading) {
  const line = heading.parentElement.querySelector(".marks");
  const name = heading.firstChild?.textContent ?? heading.id;
  if (line) line.append(" ", box(name, keyOf(`#${heading.id}`)));
}

function overview(list) {
  const rows = [...list.querySelectorAll("li")];
  const controls = document.createElement("div");
  const state = document.createElement("p");
  controls.className = "exercise-controls";
  state.setAttribute("role", "status");
  const update = () => filterRows(list, rows, controls, state);
  for (const row of rows) {
    const link = row.querySelector("a");
    row.append(" ", box(link.textContent, keyOf(link.href), update));
  }
  const of = (key) => [...new Set(rows.map((row) => row.dataset[key]).filter(Boolean))];
  controls.append(
    choice("Kind", "kind", of("kind"), update),
    choice("Difficulty", "difficulty", of("difficulty"), update),
    choice("Marks", "solved", ["solved", "not solved"], update),
    button("Save my marks", save),
    loader(rows, update),
  );
  list.before(controls, state);
  update();
}

function choice(text, name, values, update) {
  const label = document.createElement("label");
  const select = document.createElement("select");
  select.name = name;
  select.append(new Option("all", ""), ...values.map((value) => new Option(value, value)));
  select.addEventListener("change", update);
  label.append(text, select);
  return label;
}

function button(text, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", action);
  return made;
}

function filterRows(list, rows, controls, state) {
  const solved = marks();
  const wanted = Object.fromEntries([...controls.querySelectorAll("select")].map((s) => [s.name, s.value]));
  for (const row of rows) {
    const done = row.querySelector("input").dataset.key in solved;
    const asked = wanted.solved === "" || done === (wanted.solved === "solved");
    const fits = ["kind", "difficulty"].every((key) => wanted[key] === "" || row.dataset[key] === wanted[key]);
    row.hidden = !(asked && fits);
  }
  for (const group of list.querySelectorAll(".exercises")) group.hidden = !group.querySelector("li:not([hidden])");
  const shown = rows.filter((row) => !row.hidden).length;
  const done = rows.filter((row) => row.querySelector("input").dataset.key in solved).length;
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

function loader(rows, update) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  input.type = "file";
  input.accept = ".json";
  input.addEventListener("change", async () => {
    try {
      const { solved } = JSON.parse(await input.files[0].text());
      keepMarks({ ...marks(), ...Object.fromEntries(Object.entries(solved).map(([k, v]) => [k, String(v)])) });
      for (const box of rows.map((row) => row.querySelector("input"))) box.checked = box.dataset.key in marks();
      update();
    } catch {
      label.firstChild.textContent = "That file holds no marks: load one that was saved here";
    }
  });
  input.className = "visually-hidden";
  label.className = "file";
  label.append("Load marks", input);
  return label;
}
