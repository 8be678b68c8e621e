// Tabs: click, arrow keys, Home and End; links into a hidden pane open it.

export function tabsets() {
  for (const list of document.querySelectorAll(".panel-tabset > [role=tablist]")) {
    const tabs = [...list.querySelectorAll("[role=tab]")];
    for (const tab of tabs) tab.addEventListener("click", () => select(tab, tabs));
    list.addEventListener("keydown", (event) => move(event, tabs));
  }
  addEventListener("hashchange", revealTarget);
  revealTarget();
}

function select(chosen, tabs) {
  for (const tab of tabs) {
    const active = tab === chosen;
    tab.classList.toggle("active", active);
    tab.setAttribute("aria-selected", String(active));
    tab.tabIndex = active ? 0 : -1;
    pane(tab).classList.toggle("active", active);
  }
  dispatchEvent(new Event("resize"));
}

function move(event, tabs) {
  const at = tabs.indexOf(event.target.closest("[role=tab]"));
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  const tab = tabs.at(to % tabs.length);
  select(tab, tabs);
  tab.focus();
}

const pane = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

function revealTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let around = target; around; around = around.parentElement) {
    if (around instanceof HTMLDetailsElement) around.open = true;
    if (around.matches(".tab-pane:not(.active)")) document.getElementById(`${around.id}-tab`).click();
  }
  target.scrollIntoView();
}
