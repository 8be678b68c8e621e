// What a link points to on its page, or the definition of a term, shown beside the link on hover
// and on focus. Escape closes it; the pointer may move into it.

const LINKS = 'a.term, a.quarto-xref, a[role="doc-biblioref"]';
const PAUSE = 180; // ms
const WORTH = ":scope > figcaption, img, picture, table, math";

export function cards() {
  const card = document.createElement("div");
  card.id = "card";
  card.className = "card-of-link";
  card.setAttribute("role", "tooltip");
  card.hidden = true;
  document.body.append(card);
  let shown, timer;
  const soon = (action) => { clearTimeout(timer); timer = setTimeout(action, PAUSE); };
  const hide = () => {
    clearTimeout(timer);
    shown?.removeAttribute("aria-describedby");
    shown = undefined;
    card.hidden = true;
  };
  const show = (link) => {
    if (link === shown) return;
    hide();
    const found = content(link);
    if (!found) return;
    card.replaceChildren(...found);
    card.hidden = false;
    place(card, link);
    link.setAttribute("aria-describedby", "card");
    shown = link;
  };
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const link = event.target.closest(LINKS);
    if (link) soon(() => show(link));
    else if (card.contains(event.target)) clearTimeout(timer);
    else soon(hide);
  });
  document.addEventListener("focusin", (event) => {
    const link = event.target.closest(LINKS);
    if (link?.matches(":focus-visible")) show(link);
    else hide();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
}

function content(link) {
  const id = decodeURIComponent(link.hash.slice(1));
  if (link.classList.contains("term")) {
    const all = document.getElementById("cards")?.content;
    const term = all?.querySelector(`[data-card="${CSS.escape(id)}"]`);
    return term && clean([...term.childNodes]);
  }
  const target = document.getElementById(id);
  if (!target || target.closest("details:not([open])")) return null; // an answer stays folded
  if (target.matches("h2, h3, h4, h5, h6")) return clean(section(target));
  const figure = target.querySelector("figure");
  if (figure) return clean([...figure.querySelectorAll(WORTH)]);
  return clean([...target.querySelectorAll("math[display=block]")].slice(0, 1), target);
}

function section(heading) {
  const exercise = heading.closest(".exercise");
  return exercise ? [...exercise.children] : [heading, heading.nextElementSibling].filter(Boolean);
}

function clean(nodes, otherwise) {
  const copies = (nodes.length ? nodes : [...otherwise.childNodes]).map((node) => node.cloneNode(true));
  const box = document.createElement("div");
  box.append(...copies);
  for (const odd of box.querySelectorAll("button, label, template, .anchor-link")) odd.remove();
  for (const one of box.querySelectorAll("[id]")) one.removeAttribute("id");
  for (const link of box.querySelectorAll("a")) link.replaceWith(...link.childNodes);
  for (const image of box.querySelectorAll("img")) image.loading = "eager";
  return box.textContent.trim() || box.querySelector("img") ? [...box.childNodes] : null;
}

function place(card, link) {
  const at = link.getClientRects()[0];
  const { offsetWidth: width, offsetHeight: height } = card;
  const left = Math.max(12, Math.min(at.left, document.documentElement.clientWidth - width - 12));
  const above = at.bottom + height + 12 > innerHeight && at.top > height + 12;
  card.style.left = `${left + scrollX}px`;
  card.style.top = `${(above ? at.top - height - 6 : at.bottom + 6) + scrollY}px`;
}
