// A click on a figure shows it as large as the window; so does the button that it gets.

export function enlarge() {
  const images = document.querySelectorAll("main :is(figure, .cell-output-display) img:not(.explorable-still, a img)");
  if (!images.length) return;
  const show = viewer();
  for (const image of images) {
    const shown = image.closest("picture") ?? image;
    const holder = element("span", "enlargeable");
    const button = element("button", "enlarge", "Enlarge");
    button.type = "button";
    button.setAttribute("aria-haspopup", "dialog");
    shown.before(holder);
    holder.append(shown, button);
    image.addEventListener("click", () => show(image));
    button.addEventListener("click", () => show(image));
  }
}

function viewer() {
  const dialog = element("dialog", "enlarged");
  const close = element("button", "enlarged-close", "Close");
  const view = element("div", "enlarged-view");
  close.type = "button";
  view.tabIndex = 0; // on a phone it scrolls
  dialog.append(close, view);
  document.body.append(dialog);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  return (image) => {
    const large = new Image();
    Object.assign(large, { src: image.src, alt: image.alt });
    const caption = image.closest("figure")?.querySelector("figcaption")?.textContent ?? "Picture";
    dialog.setAttribute("aria-label", `${caption.split(":")[0].trim()}, enlarged`);
    view.replaceChildren(large);
    dialog.showModal();
  };
}

function element(name, className, text = "") {
  return Object.assign(document.createElement(name), { className, textContent: text });
}
