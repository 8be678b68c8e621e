// Hidden units as dots on a curve: swap, rescale and remove them, and watch f and the weights.

import { axes, linear, within } from "../axes.js";
import { dot, makeCanvas, polyline, text } from "../canvas.js";
import { corners, curve, evaluateAt, removed, rescaled, swapped, units } from "../core/onelayer.js";

const ROWS = ["input weight w", "bias b", "output weight a"];

export function start(stage) {
  const { element, context: c, resize } = makeCanvas(stage);
  const { low, high, bias, prior_std: prior } = stage.data;
  const [bounds] = stage.data.controls.filter(({ kind }) => kind === "points");
  const xs = Array.from({ length: 161 }, (_, i) => low + i * (high - low) / 160);
  let theta, offset, before, news, box, x, y;
  const shown = () => rescaled(theta, chosen(), stage.values.alpha);
  const chosen = () => Math.min(stage.values.unit, units(theta)) - 1;
  const fromState = () => {
    const rows = [0, 1, 2].map((i) => stage.values.units.map((unit) => unit[i]));
    [theta, news] = [[...rows.flat(), offset], ""];
    before = curve(theta, xs);
  };
  const reset = () => { offset = bias; fromState(); };

  // Takes over new weights, writes them into the address, and says what became of f.
  function become(next, sentence, keep = {}) {
    const from = curve(shown(), xs);
    const moved = Math.max(...curve(next, xs).map((value, i) => Math.abs(value - from[i])));
    [theta, before] = [next, from];
    offset = next.at(-1);
    const n = units(next);
    const rounded = Array.from({ length: n }, (_, j) => [0, 1, 2].map((row) =>
      stage.nearest({ min: bounds.min[row], max: bounds.max[row], step: bounds.step }, next[row * n + j])));
    own = true;
    stage.set({ units: rounded, alpha: 1, ...keep });
    news = sentence && `${sentence} The curve ${moved < 1e-9 ? "stands still" : `moves by ${moved.toPrecision(2)}`}. `;
  }
  let own = false, last = stage.values.unit - 1;

  function lay(width) {
    const height = Math.round(Math.min(width * 0.55, 330));
    box = { x: 30, y: 6, width: width - 36, height: height - 28 };
    x = linear([low, high], [box.x, box.x + box.width]);
    y = linear(stage.data.range, [box.y + box.height, box.y]);
    resize(width, height + 150);
  }

  function drawWeights(now, colours) {
    const top = box.y + box.height + 44, n = units(now), each = (box.width + 24) / 3;
    ROWS.forEach((name, row) => {
      const left = box.x + row * each, width = each - 24, middle = top + 52;
      c.fillStyle = colours.soft;
      text(c, width < 100 ? name.replace(/put weight/, "") : name, left, top - 6);
      c.fillRect(left, middle, width, 1);
      for (let j = 0; j < n; j++) {
        const value = now[row * n + j], tall = Math.max(Math.min(value * 13, 46), -46);
        c.fillStyle = j === chosen() ? colours.orange : colours.blue;
        c.globalAlpha = j === chosen() ? 1 : 0.6;
        c.fillRect(left + j * width / n + 1, Math.min(middle, middle - tall), width / n - 2,
          Math.max(Math.abs(tall), 1));
        c.globalAlpha = 1;
        c.fillStyle = colours.soft;
        text(c, String(j + 1), left + (j + 0.5) * width / n, top + 102, { align: "center", size: 11 });
      }
    });
  }

  reset();
  return {
    element,
    resize: lay,
    reset,
    update(names) {
      const other = !own && chosen() !== last;
      if (names.has("units") && !own) fromState();
      else if (!own) news = "";
      if (other) theta = rescaled(theta, last, stage.values.alpha); // what was done to a unit stays
      [own, last] = [false, chosen()];
      return other ? { alpha: 1 } : {};
    },
    draw() {
      const { colours } = stage, now = shown();
      c.clearRect(0, 0, element.width, element.height);
      axes(c, box, x, y, colours);
      within(c, box, () => {
        c.lineWidth = 2;
        c.setLineDash([5, 4]);
        c.strokeStyle = colours.soft;
        polyline(c, xs.map(x), before.map(y));
        c.stroke();
        c.setLineDash([]);
        c.lineWidth = 3;
        c.strokeStyle = colours.blue;
        polyline(c, xs.map(x), curve(now, xs).map(y));
        c.stroke();
        c.fillStyle = colours.orange;
        const one = corners(now)[chosen()]; // the chosen unit: its corner and where it is on
        const tip = x(one.x), at = y(evaluateAt(now, one.x));
        c.fillRect(tip, at - 1.5, one.side * 34, 3);
        dot(c, tip + one.side * 34, at, 4);
      });
      drawWeights(now, colours);
    },
    says() {
      const n = units(theta), now = shown();
      const size = now.reduce((sum, value, i) => sum + 0.5 * (value / prior) ** 2 * (i < 3 * n), 0);
      const copies = Array.from({ length: n }, (_, j) => j + 1).reduce((a, b) => a * b, 1);
      return `${news}${n} units: ${copies.toLocaleString("en-GB")} orderings of the same curve. The ` +
        `prior charges ${size.toFixed(1)} nats for these weights.`;
    },
    press(name) {
      const j = chosen(), n = units(theta), now = shown();
      if (name === "swap") {
        const next = (j + 1) % n;
        become(swapped(now, j, next), `Units ${j + 1} and ${next + 1} changed places.`, { unit: next + 1 });
      } else if (name === "remove" && n > 1) {
        const { theta: left, whole } = removed(now, j, low, high);
        become(left, `Unit ${j + 1} is gone${whole ? ", and its part is taken over" : ""}.`,
          { unit: Math.min(j + 1, n - 1) });
      }
    },
    handles() {
      const now = shown(), n = units(now);
      return corners(now).flatMap((corner, j) => {
        if (!(corner.x >= low && corner.x <= high)) return [];
        const text = `corner at ${corner.x.toFixed(2)}, on to the ${corner.side > 0 ? "right" : "left"}`;
        return [{ key: `unit${j}`, label: `Unit ${j + 1}`, text, x: x(corner.x),
          y: Math.min(Math.max(y(evaluateAt(now, corner.x)), box.y), box.y + box.height),
          choose: () => j !== chosen() && become(now, "", { unit: j + 1 }),
          move(px) {
            const next = [...now], at = Math.min(Math.max(x.invert(px), low), high);
            next[n + j] = -now[j] * at;
            become(next, `Corner ${j + 1} is at ${at.toFixed(2)}.`, { unit: j + 1 });
          },
          remove: () => { stage.set({ unit: j + 1 }); this.press("remove"); } }];
      });
    },
  };
}
