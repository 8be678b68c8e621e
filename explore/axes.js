// Scales, axes with round numbers, and what is drawn within a box.

import { text } from "./canvas.js";

// A linear scale with its way back.
export function linear([low, high], [from, to]) {
  const scale = (value) => from + (value - low) / (high - low) * (to - from);
  scale.invert = (pixel) => low + (pixel - from) / (to - from) * (high - low);
  scale.domain = [low, high];
  return scale;
}

// Round numbers within a domain, some `count` of them.
export function ticks([low, high], count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((by) => by * power >= rough) * power;
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high + 1e-9 * step; i++) found.push(i * step);
  return found.map((value) => Number(value.toPrecision(12)));
}

// Ticks and their numbers below a box and to its left.
export function axes(context, box, x, y, colours, { xCount = 5, yCount = 4 } = {}) {
  context.fillStyle = colours.soft;
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  context.strokeRect(box.x + 0.5, box.y + 0.5, box.width - 1, box.height - 1);
  const write = (value) => String(value).replace("-", "−");
  for (const value of x ? ticks(x.domain, xCount) : []) {
    text(context, write(value), x(value), box.y + box.height + 5, { align: "center", baseline: "top" });
  }
  for (const value of y ? ticks(y.domain, yCount) : []) {
    text(context, write(value), box.x - 5, y(value), { align: "right", baseline: "middle" });
  }
}

// Draws what follows within a box alone.
export function within(context, box, draw) {
  context.save();
  context.beginPath();
  context.rect(box.x, box.y, box.width, box.height);
  context.clip();
  draw();
  context.restore();
}
