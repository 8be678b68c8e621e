// An infinitely wide net that the reader drags: its posterior, or its training, in closed form, and
// a finite net that trains beside it and is held against what the closed form says of it.

import { axes, linear, within } from "../axes.js";
import { makeCanvas, polyline, text } from "../canvas.js";
import { bayes, Flow, kernels } from "../core/limit.js";
import { descend, draw as drawNet, outputs, trace } from "../core/widenet.js";
import { stream } from "../random.js";

const OPERATIONS = 5e5; // multiplications a point and a pass that a frame has time for
const MOST_DEEP = 100; // units a layer of a finite net with two hidden layers or more

export function start(stage) {
  const { element, context: c, resize } = makeCanvas(stage);
  const { xs, range, seed, b_std, end, forever } = stage.data;
  const bounds = stage.data.controls.find(({ kind }) => kind === "points");
  const { stops } = stage.data.controls.find(({ name }) => name === "t");
  let box, x, y, all, flow, layers, rate, f0, f0Star, seen, steps = 0, goal = 0, draws = 0, chosen = 0, kept;
  const points = () => [0, 1].map((axis) => stage.values.points.map((point) => point[axis]));
  const infinite = () => ({ ...stage.values, b_std });
  const finite = () => ({ ...infinite(), width: stage.values.depth > 1
    ? Math.min(stage.values.width, MOST_DEEP) : stage.values.width });
  const time = () => steps * rate;
  const numbers = () => { // of the net's first weights, drawn once whatever its width
    const { normals, source } = kept ??= { source: stream(seed, draws), normals: [] };
    let i = 0;
    return { normal: () => normals[i++] ?? (normals[i - 1] = source.normal()) };
  };
  const affordable = () => { // steps in a frame
    const { depth, width } = finite(), each = (depth - 1) * width * width + 8 * depth * width;
    return Math.max(1, Math.floor(OPERATIONS / each / stage.values.points.length));
  };

  // The same first weights again, to be trained as long as before: in `draw`, by as many steps a
  // frame as there is time for.
  function restart() {
    const net = finite(), [at] = points(), { first } = stage.data;
    const same = draws === 0 && net.depth === 1 && net.width === first[0].bias.length;
    layers = same ? first.map(({ weight, bias }) => ({ weight: Float64Array.from(weight),
      bias: Float64Array.from(bias) })) : drawNet(net, numbers());
    rate = at.length / trace(net, layers, at);
    [f0, f0Star] = [outputs(net, layers, at), outputs(net, layers, xs)];
    steps = 0;
  }
  function train(count) {
    const net = finite(), [at, target] = points();
    for (let i = 0; i < count && time() < end; i++, steps++) descend(net, layers, at, target, rate);
  }
  function renew() {
    all = kernels(infinite(), points()[0], xs);
    flow = new Flow(all);
  }
  function reset() {
    [goal, draws, chosen, kept] = [stage.data.begun, 0, 0];
    renew();
    restart();
    train(goal);
  }

  function look() {
    const { rule, noise, t } = stage.values, target = points()[1], own = outputs(finite(), layers, xs);
    const told = flow.net(time(), target, f0, f0Star);
    seen = { own, told, ...rule === "bayes" ? bayes(all, target, noise)
      : flow.ensemble(t === forever ? Infinity : t, target),
    apart: Math.sqrt(own.reduce((sum, f, i) => sum + (f - told[i]) ** 2, 0) / xs.length) };
  }
  const place = (values) => values.map((value, axis) =>
    stage.nearest({ min: bounds.min[axis], max: bounds.max[axis], step: bounds.step }, value));
  const move = (i, to) => stage.set({ points: stage.values.points.map((p, j) => j === i ? place(to) : p) });
  const add = (to) => {
    if (stage.values.points.length >= bounds.most) return;
    chosen = stage.values.points.length;
    stage.set({ points: [...stage.values.points, place(to)] });
  };
  const remove = (i) => {
    if (stage.values.points.length > bounds.least) {
      chosen = 0;
      stage.set({ points: stage.values.points.filter((_, j) => j !== i) });
    }
  };
  reset();
  return {
    element,
    reset,
    resize(width) {
      const height = Math.round(Math.min(width * 0.72, 370));
      box = { x: 28, y: 22, width: width - 34, height: height - 46 };
      x = linear([xs[0], xs.at(-1)], [box.x, box.x + box.width]);
      y = linear(range, [box.y + box.height, box.y]);
      resize(width, height);
    },
    get perFrame() { return Math.min(affordable(), 1 + Math.floor(steps * 0.05)); },
    update(names) {
      const limit = ["points", "depth", "activation", "W_std"].some((name) => names.has(name));
      if (limit) renew();
      if (limit || names.has("width")) restart();
    },
    step(count) {
      train(count);
      goal = steps;
      const t = stops.filter((stop) => stop <= time()).at(-1); // the limit keeps step
      if (t !== stage.values.t) stage.set({ t });
      return time() < end;
    },
    press(name) {
      const [px, py] = stage.values.points[chosen];
      if (name === "add") add([0.3 - px, py]); // opposite the chosen one
      else if (name === "remove") remove(chosen);
      else {
        [draws, kept] = [draws + 1];
        restart();
      }
    },
    draw() {
      train(Math.min(affordable(), goal - steps));
      if (steps < goal && time() < end) stage.redraw();
      look();
      const { colours } = stage, across = xs.map(x), { mean, variance, own, told } = seen;
      const line = (values, colour, width, dash = []) => {
        [c.strokeStyle, c.lineWidth] = [colour, width];
        c.setLineDash(dash);
        polyline(c, across, Array.from(values, y));
        c.stroke();
        c.setLineDash([]);
      };
      c.clearRect(0, 0, element.width, element.height);
      axes(c, box, x, y, colours);
      within(c, box, () => {
        const std = variance.map(Math.sqrt);
        const edge = (by) => mean.map((m, i) => y(m + by * std[i]));
        polyline(c, [...across, ...[...across].reverse()], [...edge(2), ...edge(-2).reverse()]);
        [c.fillStyle, c.globalAlpha] = [colours.blue, 0.22];
        c.fill();
        c.globalAlpha = 1;
        line(mean, colours.blue, 2.5);
        line(own, colours.green, 2.5);
        line(told, colours.ink, 1.5, [5, 4]);
      });
      let left = box.x;
      for (const [words, colour] of [["infinite width ± 2σ", colours.blue],
        ["finite net", colours.green], ["its prediction", colours.ink]]) {
        c.fillStyle = colour;
        text(c, words, left, 13);
        left += c.measureText(words).width + 14;
      }
    },
    says() {
      if (!seen) return "";
      const { variance, apart } = seen, [given] = points();
      const inner = variance.map((v, i) => xs[i] < Math.min(...given) || xs[i] > Math.max(...given) ? 0 : v);
      const most = Math.max(...inner), at = xs[inner.indexOf(most)];
      const name = stage.values.rule === "bayes" ? "Bayes" : "Gradient descent";
      return `${name}: between the points the band is widest at x = ${at.toFixed(1).replace("-", "−")}, ` +
        `±${(2 * Math.sqrt(most)).toFixed(2)}. The net of ${finite().width} units per layer, at t = ` +
        `${Number(time().toPrecision(2))}, is ${apart.toPrecision(2)} away from its prediction.`;
    },
    handles() {
      return stage.values.points.map((point, i) => ({ key: `point${i}`, label: `Point ${i + 1}`,
        text: `x ${point[0]}, y ${point[1]}`, x: x(point[0]), y: y(point[1]),
        choose: () => { chosen = i; }, remove: () => remove(i),
        move: (px, py) => move(i, [x.invert(px), y.invert(py)]) }));
    },
    grab(px, py, kind) { // a finger scrolls; it has the button
      if (kind === "touch" || stage.values.points.length >= bounds.most) return null;
      add([x.invert(px), y.invert(py)]);
      const i = chosen;
      return (toX, toY) => move(i, [x.invert(toX), y.invert(toY)]);
    },
  };
}
