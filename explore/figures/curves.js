// Curves, bands and points that controls choose among; all were computed beforehand.

import { axes, linear, within } from "../axes.js";
import { dot, makeCanvas, polyline, text } from "../canvas.js";

export function start(stage) {
  const { element, context: c, resize } = makeCanvas(stage);
  const { controls, curves, fixed, frames } = stage.data;
  const frame = () => frames[controls.map(({ name }) => stage.values[name]).join(",")];
  let box, x, y;

  const places = (curve) => curves[curve].map((_, i) =>
    box.x + i / (curves[curve].length - 1) * box.width);

  function line({ line: curve, width, dashed, opacity }) {
    c.globalAlpha = opacity;
    c.lineWidth = width;
    c.setLineDash(dashed ? [5, 4] : []);
    polyline(c, places(curve), curves[curve].map(y));
    c.stroke();
    c.setLineDash([]);
  }

  function band({ band: [low, high], opacity }) {
    c.globalAlpha = opacity;
    polyline(c, [...places(low), ...places(high).reverse()],
      [...curves[low].map(y), ...curves[high].map(y).reverse()]);
    c.fill();
  }

  function marks({ at, shape, size }) {
    for (const [a, b] of at) {
      const [px, py] = [x(a), y(b)], to = shape === "left" ? -size : size;
      if (shape === "dot") dot(c, px, py, size);
      else {
        polyline(c, [px - to, px - to, px + to], [py - size, py + size, py]);
        c.fill();
      }
    }
  }

  function draw(mark) {
    c.globalAlpha = 1;
    c.fillStyle = c.strokeStyle = stage.colours[mark.colour];
    if (mark.band) band(mark);
    else if (mark.at) marks(mark);
    else line(mark);
  }

  return {
    element,
    resize(width) {
      const height = Math.min(Math.max(width * 0.5, 210), 330);
      box = { x: 34, y: 20, width: width - 40, height: height - 44 };
      x = linear(stage.data.x, [box.x, box.x + box.width]);
      y = linear(stage.data.y, [box.y + box.height, box.y]);
      resize(width, height);
    },
    draw() {
      const { colours } = stage;
      c.clearRect(0, 0, element.width, element.height);
      axes(c, box, x, y, colours);
      text(c, "f(x)", box.x, 12);
      within(c, box, () => [...fixed, ...frame().marks].forEach(draw));
      c.globalAlpha = 1;
    },
    says: () => frame().says,
  };
}
