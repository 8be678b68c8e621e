// One neuron: its output over its input, the slope of its activation, where it is saturated.

import { axes, linear, within } from "../axes.js";
import { makeCanvas, polyline, text } from "../canvas.js";
import { ACTIVATIONS, neuron, saturated } from "../core/activations.js";

const SECOND = 2; // the second handle stands where z has this value

export function start(stage) {
  const { element, context: c, resize } = makeCanvas(stage);
  const { low, high, limit, controls } = stage.data;
  const bounds = Object.fromEntries(controls.map((control) => [control.name, control]));
  const xs = Array.from({ length: 401 }, (_, i) => low + i * (high - low) / 400);
  let upper, lower, x, y, steep, now;

  const inside = (at) => at >= low && at <= high;
  const place = (z) => (z - stage.values.b) / stage.values.w; // the input at which z has a value
  const clamp = (py) => Math.min(Math.max(py, upper.y), upper.y + upper.height);
  const value = (z) => clamp(y(ACTIVATIONS[stage.values.activation][0](z)));
  const update = () => { now = neuron(stage.values.activation, stage.values, xs); };

  // Sets the weight, and the bias such that z = 0 at an input.
  function through(at, wanted) {
    const w = stage.nearest(bounds.w, wanted);
    stage.set({ w, b: stage.nearest(bounds.b, -w * at) });
  }

  // Inputs with hardly any slope, as spans between pixels.
  function tint(box, colours) {
    const half = (x(xs[1]) - x(xs[0])) / 2, flat = now.slope.map((slope) => Math.abs(slope) < limit);
    c.fillStyle = colours.soft;
    c.globalAlpha = 0.18;
    for (let i = 0; i < xs.length; i++) {
      const first = i;
      while (flat[i]) i++;
      if (i > first) c.fillRect(x(xs[first]) - half, box.y, x(xs[i - 1]) - x(xs[first]) + 2 * half, box.height);
    }
    c.globalAlpha = 1;
  }

  function panel(box, scale, values, colour, title) {
    const { colours } = stage;
    within(c, box, () => {
      tint(box, colours);
      c.fillStyle = colours.line;
      c.fillRect(box.x, scale(0), box.width, 1);
      c.strokeStyle = colour;
      c.lineWidth = 3;
      polyline(c, xs.map(x), values.map(scale));
      c.stroke();
    });
    axes(c, box, x, scale, colours, { yCount: 3 });
    c.fillStyle = colours.soft;
    text(c, title, box.x, box.y - 7);
  }

  update();
  return {
    element,
    update,
    resize(width) {
      const tall = width < 480 ? 170 : 220;
      upper = { x: 34, y: 22, width: width - 42, height: tall };
      lower = { ...upper, y: tall + 66, height: Math.round(tall * 0.6) };
      x = linear([low, high], [upper.x, upper.x + upper.width]);
      y = linear([-1.5, 3], [upper.y + upper.height, upper.y]);
      steep = linear([-0.3, 1.9], [lower.y + lower.height, lower.y]);
      resize(width, lower.y + lower.height + 24);
    },
    draw() {
      const { colours } = stage, kink = place(0);
      c.clearRect(0, 0, element.width, element.height);
      panel(upper, y, now.output, colours.blue, "output φ(w x + b) over the input x");
      panel(lower, steep, now.slope, colours.green, `slope φ′(w x + b); tinted: below ${limit}`);
      if (!inside(kink)) return;
      c.fillStyle = colours.orange;
      for (const box of [upper, lower]) c.fillRect(x(kink) - 0.5, box.y, 1, box.height);
    },
    says() {
      const { w, b } = stage.values, kink = place(0), [first, last] = [now.slope[0], now.slope.at(-1)];
      const percent = Math.round(100 * saturated(now.slope, limit));
      const tidy = (number) => number.toFixed(2).replace("-", "−");
      const where = w === 0 ? "With w = 0 the output is the same for every input"
        : `z = 0 at x = −b/w = ${tidy(kink + 0)}${inside(kink) ? "" : ", outside the picture"}`;
      return `${where}. The slope is below ${limit} for ${percent} % of the inputs shown` +
        `${b === 0 || w === 0 ? "." : `; it is ${tidy(first)} at the left end and ${tidy(last)} at the right.`}`;
    },
    handles() {
      const { w } = stage.values, kink = place(0), other = place(SECOND);
      if (w === 0) return [];
      const tidy = (number) => number.toFixed(2).replace("-", "−");
      return [
        { key: "kink", label: "Where z is 0", text: `at x = ${tidy(kink)}`, at: kink, z: 0,
          move: (px) => through(x.invert(px), w) },
        { key: "steepness", label: `Where z is ${SECOND}`, text: `at x = ${tidy(other)}, weight ${tidy(w)}`,
          at: other, z: SECOND,
          move: (px) => {
            const away = x.invert(px) - kink;
            if (away !== 0) through(kink, SECOND / away);
          } },
      ].filter(({ at }) => inside(at)).map((one) => ({ ...one, x: x(one.at), y: value(one.z) }));
    },
  };
}
