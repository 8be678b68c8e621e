// Dragging: handles that mouse, finger and keyboard move, and a picture that is grabbed.

const NUDGE = 4; // pixels that an arrow key moves a handle

// A layer over the picture with one focusable handle for each thing to drag. A figure gives
// { key, label, text, x, y, move(x, y), choose?(), remove?() } in pixels of the view.
export class Handles {
  constructor(shell) {
    this.shell = shell;
    this.layer = document.createElement("div");
    this.layer.className = "explorable-handles";
    this.made = new Map();
  }

  place(wanted) {
    const keys = new Set(wanted.map(({ key }) => key));
    for (const [key, { element }] of this.made) {
      if (keys.has(key)) continue;
      element.remove();
      this.made.delete(key);
    }
    for (const handle of wanted) {
      const one = this.made.get(handle.key) ?? this.make(handle.key);
      one.handle = handle;
      one.element.style.translate = `${handle.x}px ${handle.y}px`;
      set(one.element, "aria-label", handle.label);
      set(one.element, "aria-valuetext", handle.text);
      set(one.element, "aria-valuenow", handle.now ?? Math.round(handle.x));
    }
  }

  make(key) {
    const element = document.createElement("div");
    element.className = "explorable-handle";
    element.tabIndex = 0;
    element.setAttribute("role", "slider");
    const one = { element };
    this.made.set(key, one);
    element.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      const { x, y } = one.handle;
      const from = [event.clientX, event.clientY];
      follow(element, event, (to) =>
        one.handle.move(x + to.clientX - from[0], y + to.clientY - from[1]));
      element.focus({ preventScroll: true });
    });
    element.addEventListener("focus", () => one.handle.choose?.());
    element.addEventListener("keydown", (event) => {
      const { x, y, move, remove } = one.handle;
      const far = event.shiftKey ? 4 * NUDGE : NUDGE;
      const by = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far],
        ArrowDown: [0, far] }[event.key];
      if (by) move(x + by[0], y + by[1]);
      else if (remove && ["Delete", "Backspace"].includes(event.key)) remove();
      else return;
      event.preventDefault();
    });
    this.layer.append(element);
    return one;
  }
}

// Lets a figure follow the pointer over its picture: grab(x, y, kind) gives what to do with each
// place that follows, and hover(x, y) is told where a mouse is, or null when it left.
export function onCanvas({ view, figure }) {
  if (figure.grab) {
    view.style.touchAction = figure.touch ?? "pan-y";
    view.classList.add("explorable-grabs");
    view.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const moved = figure.grab(...within(view, event), event.pointerType);
      if (moved) follow(view, event, (to) => moved(...within(view, to)));
    });
  }
  if (!figure.hover) return;
  view.addEventListener("pointermove", (event) => figure.hover(...within(view, event)));
  view.addEventListener("pointerleave", () => figure.hover(null, null));
}

function follow(element, event, moved) {
  event.preventDefault(); // nothing is selected as text
  element.setPointerCapture(event.pointerId);
  const stop = new AbortController();
  const { signal } = stop;
  element.addEventListener("pointermove", moved, { signal });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    element.addEventListener(end, () => stop.abort(), { signal });
  }
}

function within(view, event) {
  const box = view.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function set(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}
