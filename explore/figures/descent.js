// Paths on a landscape: an optimiser goes down from where the reader clicks, or from many places.

import { axes, linear, within } from "../axes.js";
import { dot, makeCanvas, text } from "../canvas.js";
import { Descent } from "../core/descent.js";
import { makeLandscape } from "../core/landscapes.js";
import { stream } from "../random.js";

const BANDS = 14, CELL = 3; // of the shading, the latter in pixels
const MANY = [7, 5]; // starts across and up
const number = (value) => value.toPrecision(3).replace("-", "−").replace(/e\+?(\d+)/, " × 10^$1");

export function start(stage) {
  const { element, context: c, resize } = makeCanvas(stage);
  const ground = document.createElement("canvas");
  let shown, loss, descent, random, plane, x, y;

  const at = ([right, up]) => [[right, shown.box[0]], [up, shown.box[1]]]
    .map(([share, [low, high]]) => low + share * (high - low));
  function restart() {
    shown = stage.data.landscapes[stage.values.landscape];
    loss = makeLandscape(shown.description);
    const middle = (count) => Array.from({ length: count }, (_, i) => (i + 0.5) / count);
    const shares = !stage.values.many ? stage.values.start
      : middle(MANY[0]).flatMap((right) => middle(MANY[1]).map((up) => [right, up]));
    descent = new Descent(loss, shares.map(at));
    random = stream(stage.data.seed);
  }

  function step(count) {
    const { optimiser, rate, batch } = stage.values, all = stage.data.examples;
    let more = true;
    for (let i = 0; i < count && more; i++) {
      const rows = batch === all ? undefined
        : Array.from({ length: batch }, () => Math.floor(random.uniform() * all));
      more = descent.step(optimiser, rate, rows);
    }
    return more;
  }

  // Bands of the loss, deeper is darker; drawn anew when the ground changes.
  function shade(colours) {
    const columns = ground.width = Math.ceil(plane.width / CELL);
    const rows = ground.height = Math.ceil(plane.height / CELL);
    const values = Float64Array.from({ length: rows * columns }, (_, i) => loss(
      [x.invert(plane.x + (i % columns + 0.5) * CELL),
        y.invert(plane.y + (Math.floor(i / columns) + 0.5) * CELL)], [0, 0]));
    const low = shown.minima[0][2], high = values.reduce((a, b) => Math.max(a, b));
    const on = ground.getContext("2d"), pixels = on.createImageData(columns, rows);
    const [red, green, blue] = colours.blue.match(/[\d.]+/g).map(Number);
    values.forEach((value, i) => {
      const band = Math.floor(BANDS * Math.sqrt(Math.max(0, value - low) / (high - low)));
      pixels.data.set([red, green, blue, 107 * Math.max(0, 1 - band / BANDS)], 4 * i);
    });
    on.putImageData(pixels, 0, 0);
  }

  function drawBasins(colours) {
    const [columns, rows] = stage.data.cells, tints = [colours.blue, colours.orange, colours.green, colours.plum];
    const [w, h] = [plane.width / columns, plane.height / rows];
    c.globalAlpha = 0.55;
    [...shown.basins[stage.values.optimiser]].forEach((letter, i) => {
      if (letter === "-") return;
      c.fillStyle = tints[letter % tints.length];
      c.fillRect(plane.x + (i % columns) * w, plane.y + Math.floor(i / columns) * h, w + 0.5, h + 0.5);
    });
    c.globalAlpha = 1;
  }

  function drawPath({ places, left }, colours) {
    const last = left || descent.count;
    c.beginPath();
    for (let i = 0; i <= last; i++) c.lineTo(x(places[2 * i]), y(places[2 * i + 1]));
    c.stroke();
    c.fillStyle = colours.orange;
    dot(c, x(places[2 * last]), y(places[2 * last + 1]), stage.values.many ? 3 : 5);
  }

  function draw() {
    const { colours } = stage, key = [stage.values.landscape, plane.width, colours.blue].join();
    if (ground.key !== key) shade(colours);
    ground.key = key;
    c.clearRect(0, 0, element.width, element.height);
    axes(c, plane, x, y, colours);
    within(c, plane, () => {
      if (stage.values.basins) drawBasins(colours);
      else c.drawImage(ground, plane.x, plane.y, ground.width * CELL, ground.height * CELL);
      c.strokeStyle = colours.ink;
      c.lineWidth = stage.values.many ? 1 : 2;
      for (const path of descent.paths) drawPath(path, colours);
      c.fillStyle = colours.ink;
      for (const [a, b] of shown.minima) text(c, "+", x(a), y(b), { align: "center", baseline: "middle", size: 20 });
    });
  }

  function words() {
    const { optimiser, rate, many } = stage.values, { count, paths } = descent;
    const name = stage.data.names[optimiser], edge = ` Gradient descent stays below 2/L = ${number(shown.edge)}.`;
    if (count === 0) return `Press Play. Click to start elsewhere.${edge}`;
    if (many) {
      const counts = descent.ends(shown.minima), lost = counts.pop();
      return `${name}, rate ${rate}, after ${count} steps: of ${paths.length} paths ${counts.join(" and ")} ` +
        `are at ${counts.length > 1 ? "the minima (deepest first)" : "the minimum"}, ${lost} at none.`;
    }
    const [{ left, loss: now }] = paths;
    if (left) return `${name} at rate ${rate} ran away within ${left} steps.${edge}`;
    return `${name}, rate ${rate}, after ${count} steps: ${number(now - shown.minima[0][2])} above the deepest minimum.${edge}`;
  }

  restart();
  return {
    element, step, draw,
    resize(width) {
      const height = Math.round(Math.min(0.66 * width, 400));
      plane = { x: 30, y: 4, width: width - 38, height: height - 28 };
      scales();
      resize(width, height);
    },
    update(names) {
      if (names.size === 1 && names.has("basins")) return;
      restart();
      if (plane) scales();
    },
    reset: restart,
    says: words,
    handles() {
      if (stage.values.many) return [];
      const [a, b] = at(stage.values.start[0]);
      return [{ key: "start", label: "Start", text: `${a.toFixed(2)}, ${b.toFixed(2)}`, x: x(a), y: y(b), move: moveTo }];
    },
    grab(px, py) {
      if (stage.values.many) return null;
      moveTo(px, py);
      return moveTo;
    },
  };

  function scales() {
    x = linear(shown.box[0], [plane.x, plane.x + plane.width]);
    y = linear(shown.box[1], [plane.y + plane.height, plane.y]);
  }

  function moveTo(px, py) {
    const share = (value) => Number(Math.min(Math.max(value, 0), 1).toFixed(3));
    stage.set({ start: [[share((px - plane.x) / plane.width), share(1 - (py - plane.y) / plane.height)]] });
  }
}
