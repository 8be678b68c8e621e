// Regions of classes in planes side by side, at one moment of the training.

import { within } from "../axes.js";
import { makeCanvas, text } from "../canvas.js";

const GAP = 12;

export function start(stage) {
  const { element, context: c, resize } = makeCanvas(stage);
  const { limit, panels, steps } = stage.data;
  let size, left;

  // An outline is a row of x and y in hundredths.
  function outline(points, place) {
    c.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      c.lineTo(...place(points[i] / 100, points[i + 1] / 100));
    }
    c.closePath();
    c.globalAlpha = 0.2;
    c.fill();
    c.globalAlpha = 1;
    c.stroke();
  }

  function panel({ title, frames }, at) {
    const { colours, values } = stage, box = { x: at, y: 20, width: size, height: size };
    const place = (x, y) => [box.x + (x / limit + 1) / 2 * size, box.y + (1 - y / limit) / 2 * size];
    const regions = frames[steps.indexOf(values.time)];
    c.fillStyle = colours.soft;
    text(c, title, at + size / 2, 14, { align: "center" });
    c.strokeStyle = colours.line;
    c.lineWidth = 1;
    c.strokeRect(box.x + 0.5, box.y + 0.5, size - 1, size - 1);
    c.lineWidth = 1.5;
    within(c, box, () => {
      regions.forEach(({ pieces }, k) => {
        c.fillStyle = c.strokeStyle = colours.classes[k];
        for (const piece of pieces) outline(piece, place);
      });
      regions.forEach(({ middle }, k) => {
        c.fillStyle = colours.classes[k];
        text(c, String(k), ...place(...middle),
          { align: "center", baseline: "middle", size: 15, weight: "700" });
      });
    });
  }

  return {
    element,
    resize(width) {
      size = Math.floor(Math.min((width - GAP * (panels.length - 1)) / panels.length, 330));
      left = Math.floor((width - panels.length * size - GAP * (panels.length - 1)) / 2);
      resize(width, size + 26);
    },
    draw() {
      c.clearRect(0, 0, element.width, element.height);
      panels.forEach((one, i) => panel(one, left + i * (size + GAP)));
    },
    says: () => `After ${stage.values.time.toLocaleString("en")} steps.`,
  };
}
