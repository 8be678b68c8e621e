// HMC in function space: a slice of the posterior of a small net with the trajectory in it, and
// the curves that its points mean, which pile up into a band.

import { axes, linear, within } from "../axes.js";
import { dot, makeCanvas, polyline, text } from "../canvas.js";
import { corners, curve, evaluateAt, posterior } from "../core/onelayer.js";
import { evaluate, SAMPLERS } from "../core/samplers.js";
import { stream } from "../random.js";

const KEPT = 400; // draws in the pile
const CELLS = 36; // of the slice, each way
const DEPTH = 30; // nats from its highest cell to where its tint ends

export function start(stage) {
  const { element, context: c, resize } = makeCanvas(stage);
  const { problem, starts, xs, reference, axis: [first, second], range, span } = stage.data;
  const density = posterior(problem), scratch = new Float64Array(starts[0].length);
  const slice = new Float64Array(CELLS * CELLS), pile = [], places = [];
  let state, random, info, count, accepted, begun = 0, plane, right, x, y;

  const restart = () => {
    state = evaluate(density, Float64Array.from(starts[begun % starts.length]));
    random = stream(stage.data.seed, begun);
    [info, count, accepted, pile.length, places.length] = [null, 0, 0, 0, 0];
    centre = [state.q[first], state.q[second]];
  };
  let centre; // of the slice, which follows the chain when it leaves

  function step(times) {
    const settings = { step: stage.values.step, leapfrogs: stage.values.leapfrogs };
    for (let i = 0; i < times; i++) {
      [state, info] = SAMPLERS.hmc(density, state, settings, random);
      count += 1;
      accepted += info.accepted;
      pile.push(curve(state.q, xs));
      places.push([state.q[first], state.q[second]]);
      if (pile.length > KEPT) { pile.shift(); places.shift(); }
    }
    [first, second].forEach((i, axis) => {
      if (Math.abs(state.q[i] - centre[axis]) > span) centre[axis] = state.q[i];
    });
  }

  // The log density where two parameters vary and the others are as they are now.
  function cut(across, up) {
    const theta = Float64Array.from(state.q);
    let top = -Infinity;
    for (let i = 0; i < CELLS; i++) for (let j = 0; j < CELLS; j++) {
      theta[first] = across.invert(plane.x + (i + 0.5) * plane.width / CELLS);
      theta[second] = up.invert(plane.y + (j + 0.5) * plane.height / CELLS);
      slice[i * CELLS + j] = density(theta, scratch);
      top = Math.max(top, slice[i * CELLS + j]);
    }
    return top;
  }

  function drawSlice(colours) {
    const across = linear([centre[0] - span, centre[0] + span], [plane.x, plane.x + plane.width]);
    const up = linear([centre[1] - span, centre[1] + span], [plane.y + plane.height, plane.y]);
    const top = cut(across, up), [w, h] = [plane.width / CELLS, plane.height / CELLS];
    c.fillStyle = colours.blue;
    slice.forEach((value, at) => {
      c.globalAlpha = 0.55 * Math.max(0, 1 - (top - value) / DEPTH);
      const [i, j] = [Math.floor(at / CELLS), at % CELLS];
      if (c.globalAlpha > 0) c.fillRect(plane.x + i * w, plane.y + j * h, w + 0.5, h + 0.5);
    });
    c.globalAlpha = 1;
    axes(c, plane, across, up, colours, { xCount: 3, yCount: 3 });
    within(c, plane, () => {
      c.fillStyle = colours.soft;
      for (const [a, b] of places) c.fillRect(across(a) - 1, up(b) - 1, 2, 2);
      c.strokeStyle = info?.accepted === false ? colours.orange : colours.green;
      c.lineWidth = 1.5;
      if (info) polyline(c, info.path.map((q) => across(q[first])), info.path.map((q) => up(q[second])));
      if (info) c.stroke();
      c.fillStyle = colours.ink;
      dot(c, across(state.q[first]), up(state.q[second]), 5);
    });
    c.fillStyle = colours.soft;
    text(c, "Slice: biases of units 1 and 2", plane.x, plane.y - 7);
  }

  function drawCurves(colours) {
    const across = xs.map(x);
    axes(c, right, x, y, colours);
    within(c, right, () => {
      c.strokeStyle = colours.blue;
      c.lineWidth = 1;
      c.globalAlpha = Math.max(0.04, 0.4 / Math.sqrt(pile.length + 1));
      for (const f of pile) polyline(c, across, f.map(y)), c.stroke();
      c.globalAlpha = 1;
      c.setLineDash([5, 4]);
      c.strokeStyle = colours.soft;
      for (const edge of reference) polyline(c, across, edge.map(y)), c.stroke();
      c.setLineDash([]);
      c.fillStyle = colours.soft;
      problem.x.forEach((at, i) => dot(c, x(at), y(problem.y[i]), 2));
      c.strokeStyle = colours.ink;
      c.lineWidth = 2;
      polyline(c, across, curve(state.q, xs).map(y));
      c.stroke();
      c.fillStyle = colours.orange;
      for (const { x: at, side } of corners(state.q)) {
        const [px, py] = [x(at), y(evaluateAt(state.q, at))];
        polyline(c, [px - 5 * side, px + 7 * side, px - 5 * side], [py - 6, py, py + 6]);
        c.fill();
      }
    });
    c.fillStyle = colours.soft;
    text(c, "Curves so far; dashed: reference", right.x, right.y - 7);
  }

  restart();
  return {
    element,
    get perFrame() { return stage.values.speed; },
    resize(width) {
      const wide = width >= 560, side = wide ? Math.round(width * 0.42) : width;
      plane = { x: 34, y: 20, width: side - 38, height: wide ? 260 : 200 };
      right = { x: wide ? side + 30 : 34, y: wide ? 20 : 268, width: width - (wide ? side + 34 : 38),
        height: wide ? 260 : 220 };
      x = linear([xs[0], xs.at(-1)], [right.x, right.x + right.width]);
      y = linear(range, [right.y + right.height, right.y]);
      resize(width, right.y + right.height + 24);
    },
    update(names) {
      if (names.has("step") || names.has("leapfrogs")) [count, accepted] = [0, 0];
    },
    reset() { begun = 0; restart(); },
    press() { begun += 1; restart(); },
    step,
    draw() {
      c.clearRect(0, 0, element.width, element.height);
      drawSlice(stage.colours);
      drawCurves(stage.colours);
    },
    says() {
      if (count === 0) {
        const { step: size, leapfrogs } = stage.values;
        return `Each trajectory is ${(size * leapfrogs).toPrecision(2)} long. Press Play, or make one draw.`;
      }
      const width = (values) => {
        const sorted = [...values].sort((a, b) => a - b), at = (q) => sorted[Math.round(q * (sorted.length - 1))];
        return at(0.975) - at(0.025);
      };
      const shares = pile.length < 40 ? [1] : xs.map((_, i) =>
        width(pile.map((f) => f[i])) / (reference[1][i] - reference[0][i]));
      const least = Math.min(...shares), cover = pile.length < 40 ? "" : " The pile is narrowest at " +
        `x = ${xs[shares.indexOf(least)].toFixed(1)}, ${Math.round(100 * least)} % of the reference.`;
      return `${count.toLocaleString("en-GB")} draws, ${Math.round(100 * accepted / count)} % accepted.${cover}`;
    },
  };
}
