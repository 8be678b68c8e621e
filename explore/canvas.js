// A canvas in pixels of the page, and the few things that figures draw on it.

export function makeCanvas(stage) {
  const element = document.createElement("canvas");
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", stage.label);
  const context = element.getContext("2d");
  const resize = (width, height) => {
    const density = Math.min(window.devicePixelRatio || 1, 2);
    element.width = Math.round(width * density);
    element.height = Math.round(height * density);
    element.style.width = `${width}px`;
    element.style.height = `${height}px`;
    context.setTransform(density, 0, 0, density, 0, 0);
  };
  return { element, context, resize };
}

export function polyline(context, xs, ys, count = xs.length) {
  context.beginPath();
  for (let i = 0; i < count; i++) {
    if (i === 0) context.moveTo(xs[i], ys[i]);
    else context.lineTo(xs[i], ys[i]);
  }
}

export function dot(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

export function text(context, words, x, y, { align = "left", baseline = "alphabetic",
  size = 12, weight = "" } = {}) {
  context.font = `${weight} ${size}px system-ui, sans-serif`;
  context.textAlign = align;
  context.textBaseline = baseline;
  context.fillText(words, x, y);
}
