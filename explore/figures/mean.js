// A mean found by gradient descent: where it ends, the mean of the points, and the true mean.

import { axes, linear, within } from "../axes.js";
import { dot, makeCanvas, polyline, text } from "../canvas.js";
import { average, descent } from "../core/mean.js";

const number = (value) => (Math.abs(value) < 1e4 ? value.toFixed(2) : value.toExponential(1)
  .replace(/e\+?(-?\d+)/, " × 10^$1")).replaceAll("-", "−");

export function start(stage) {
  const { element, context: c, resize } = makeCanvas(stage);
  const { noise: standard, truth, range } = stage.data;
  let plane, x, y, points, path, mean;

  function update() {
    const { n, noise, rate, loss, steps, start: [[from]] } = stage.values;
    points = standard.slice(0, n).map((z) => truth + noise * z);
    mean = average(points);
    path = descent(points, from, rate, steps, loss === "sum");
    x = linear([0, stage.data.most], [plane?.x ?? 0, plane ? plane.x + plane.width - 40 : 1]);
  }

  function line(value, colour, dashes, words, away) {
    c.setLineDash(dashes);
    c.strokeStyle = c.fillStyle = colour;
    c.lineWidth = 1.5;
    polyline(c, [plane.x, plane.x + plane.width], [y(value), y(value)]);
    c.stroke();
    c.setLineDash([]);
    text(c, words, plane.x + plane.width - 46, y(value) + away, { align: "right" });
  }

  update();
  return {
    element, update,
    resize(width) {
      const height = Math.round(Math.min(0.7 * width, 300));
      plane = { x: 30, y: 6, width: width - 36, height: height - 44 };
      y = linear(range, [plane.y + plane.height, plane.y]);
      resize(width, height);
      update();
    },
    draw() {
      const { colours } = stage;
      c.clearRect(0, 0, element.width, element.height);
      axes(c, plane, x, y, colours);
      text(c, "steps", plane.x + plane.width - 40, plane.y + plane.height + 34, { align: "right" });
      within(c, plane, () => {
        c.fillStyle = colours.soft;
        c.globalAlpha = 0.6;
        points.forEach((value, i) => dot(c, plane.x + plane.width - 34 + (i * 7) % 29, y(value), 2.5));
        c.globalAlpha = 1;
        const above = mean > truth ? -6 : 16;
        line(truth, colours.green, [6, 4], "true mean", 10 - above);
        line(mean, colours.blue, [], "mean of the points", above);
        c.strokeStyle = c.fillStyle = colours.orange;
        c.lineWidth = 2;
        polyline(c, path.map((_, i) => x(i)), path.map(y));
        c.stroke();
        path.forEach((value, i) => dot(c, x(i), y(value), 3));
      });
    },
    says() {
      const { n, rate, loss, steps } = stage.values, curvature = loss === "sum" ? n : 1;
      const verdict = rate < 2 / curvature ? "below" : rate > 2 / curvature ? "above" : "at";
      return `After ${steps} steps descent is at ${number(path.at(-1))}; the mean of the ${n} points is ` +
        `${number(mean)}, the true mean ${number(truth)}. The rate ${rate} is ${verdict} 2/L = ${number(2 / curvature)}.`;
    },
    handles() {
      const [[from]] = stage.values.start;
      return [{ key: "start", label: "Start", text: number(from), x: x(0), y: y(from),
        move: (_, py) => stage.set({ start: [[Number(Math.min(Math.max(y.invert(py), range[0]), range[1]).toFixed(2))]] }) }];
    },
  };
}
