// Two sigmoid units and an output: seven parameters to match a target with, by hand or by descent.

import { axes, linear, within } from "../axes.js";
import { makeCanvas, polyline, text } from "../canvas.js";
import { sigmoid } from "../core/activations.js";
import { adam, evaluate, loss, total } from "../core/twoneurons.js";

const ORDER = ["v1", "v2", "a1", "a2", "w1", "w2", "b"]; // as the core has them
const SECOND = 2; // the second handle of a unit stands where its input has this value

export function start(stage) {
  const { element, context: c, resize } = makeCanvas(stage);
  const { x: xs, targets, rate, most, controls } = stage.data, { values } = stage;
  const bounds = Object.fromEntries(controls.map((control) => [control.name, control]));
  const fine = Array.from({ length: 241 }, (_, i) => xs[0] + i * (xs.at(-1) - xs[0]) / 240);
  const gradient = new Float64Array(7);
  let theta, optimise, steps, error, own = false, box, x, y;

  const measure = () => {
    error = loss(theta, xs, targets[values.target].y, values.squash, gradient);
  };
  const restart = () => {
    theta = Float64Array.from(ORDER, (name) => values[name]);
    [optimise, steps] = [adam(rate), 0];
    measure();
  };
  const scale = () => {
    y = linear(targets[values.target].range, [box.y + box.height, box.y]);
  };
  const set = (changes) => stage.set(Object.fromEntries(Object.entries(changes).map(
    ([name, value]) => [name, stage.nearest(bounds[name], value)])));
  const f = (at) => evaluate(theta, at, values.squash);
  const kink = (j) => -theta[2 + j] / theta[j];

  // The sum before the output that makes f go through a height.
  const before = (height) => {
    const inside = Math.min(Math.max(height, 0.01), 0.99);
    return values.squash ? Math.log(inside / (1 - inside)) : height;
  };

  const part = (j, at) => theta[4 + j] * sigmoid(theta[j] * at + theta[2 + j]);

  // Drags unit j: its kink to an input, its weight such that f there has a height.
  function pull(j, px, py) {
    const at = x.invert(px), rest = total(theta, at) - part(j, at);
    set({ [`a${j + 1}`]: -theta[j] * at, [`w${j + 1}`]: 2 * (before(y.invert(py)) - rest) });
  }

  // Drags the place where unit j is nearly on; its kink stays.
  function turn(j, px) {
    const at = kink(j), away = x.invert(px) - at;
    if (away === 0) return;
    const v = stage.nearest(bounds.v1, SECOND / away);
    set({ [`v${j + 1}`]: v, [`a${j + 1}`]: -v * at });
  }
  const clamp = (py) => Math.min(Math.max(py, box.y), box.y + box.height);

  restart();
  return {
    element,
    perFrame: 8,
    resize(width) {
      box = { x: 36, y: 26, width: width - 44, height: width < 480 ? 220 : 300 };
      x = linear([xs[0], xs.at(-1)], [box.x, box.x + box.width]);
      scale();
      resize(width, box.y + box.height + 24);
    },
    update() {
      if (!own) restart();
      own = false;
      if (box) scale();
    },
    step(count) {
      let i = 0;
      for (; i < count && steps < most; i++, steps++) {
        loss(theta, xs, targets[values.target].y, values.squash, gradient);
        optimise(theta, gradient);
      }
      measure();
      own = true; // the controls show rounded values, the descent keeps its own
      set(Object.fromEntries(ORDER.map((name, k) => [name, theta[k]])));
      return steps < most;
    },
    reset: restart,
    draw() {
      const { colours } = stage, across = fine.map(x), [one, two] = [colours.orange, colours.green];
      const line = (heights, colour, width, dash = []) => {
        [c.strokeStyle, c.lineWidth] = [colour, width];
        c.setLineDash(dash);
        polyline(c, across, heights.map(y));
        c.stroke();
        c.setLineDash([]);
      };
      c.clearRect(0, 0, element.width, element.height);
      axes(c, box, x, y, colours);
      within(c, box, () => {
        [one, two].forEach((colour, j) => {
          line(fine.map((at) => part(j, at)), colour, 1.5);
        });
        polyline(c, xs.map(x), targets[values.target].y.map(y));
        [c.strokeStyle, c.lineWidth] = [colours.soft, 2.5];
        c.setLineDash([6, 4]);
        c.stroke();
        c.setLineDash([]);
        line(fine.map(f), colours.blue, 3);
      });
      let left = box.x;
      for (const [words, colour] of [["target (dashed)", colours.soft], ["net", colours.blue],
        ["unit 1", one], ["unit 2", two]]) {
        c.fillStyle = colour;
        text(c, words, left, box.y - 9);
        left += c.measureText(words).width + 14;
      }
    },
    says() {
      const heights = xs.map(f), tidy = (number) => number.toPrecision(3).replace("-", "−");
      const ends = `The net lies between ${tidy(Math.min(...heights))} and ${tidy(Math.max(...heights))}.`;
      const done = steps === 0 ? "" : ` after ${steps.toLocaleString("en-GB")} steps of descent`;
      return `Loss (mean square error) ${tidy(error)}${done}. ${ends}`;
    },
    handles() {
      const write = (number) => number.toFixed(2).replace("-", "−");
      const units = [0, 1].flatMap((j) => theta[j] === 0 ? [] : [
        { key: `kink${j}`, label: `Unit ${j + 1}, where it is half on`, at: kink(j),
          text: `at x = ${write(kink(j))}, weight ${write(theta[4 + j])}`, move: (px, py) => pull(j, px, py) },
        { key: `steep${j}`, label: `Unit ${j + 1}, steepness`, at: (SECOND - theta[2 + j]) / theta[j],
          text: `input weight ${write(theta[j])}`, move: (px) => turn(j, px) },
      ]);
      const offset = { key: "b", label: "Output bias b", at: xs[0], text: write(theta[6]),
        move: (px, py) => set({ b: theta[6] + before(y.invert(py)) - total(theta, xs[0]) }) };
      return [...units, offset].filter(({ at }) => at >= xs[0] && at <= xs.at(-1))
        .map((one) => ({ ...one, x: x(one.at), y: clamp(y(f(one.at))) }));
    },
  };
}
