// A sampler that the reader drives: a chain in the plane, its histogram, its energy errors.

import { axes, linear, within } from "../axes.js";
import { dot, makeCanvas, polyline, text } from "../canvas.js";
import { Chain, MOST } from "../core/chain.js";
import { SAMPLERS } from "../core/samplers.js";
import { stream } from "../random.js";

const NAMES = { walk: "The random walk", ula: "ULA", mala: "MALA", hmc: "HMC", nuts: "NUTS" };
const format = (number) => Math.round(number).toLocaleString("en-GB");

export async function start(stage) {
  const samplers = { ...SAMPLERS };
  const called = async () => { // NUTS comes when it is chosen; until then nothing moves
    if (samplers[stage.values.sampler]) return;
    samplers.nuts = (await import("../core/nuts.js")).nuts;
  };
  await called();
  const { element, context: c, resize } = makeCanvas(stage);
  let chain, random, layout, lastSize = 0;
  const target = () => stage.data.targets[stage.values.target];
  const restart = () => {
    const { description, box } = target();
    chain = new Chain({ target: description, start: startPoint(), range: box.x });
    random = stream(stage.data.seed);
  };
  const begin = () => { // some draws are there when the reader comes
    restart();
    step(stage.data.begun);
  };
  const step = (count) => {
    const sampler = samplers[stage.values.sampler];
    let more = true;
    for (let i = 0; i < count && more && sampler; i++) more = chain.step(sampler, settings(), random);
    return more;
  };
  const startPoint = () => { // kept as a share of the box, so that it suits every target
    const { x, y } = target().box, [[right, up]] = stage.values.start;
    return [x[0] + right * (x[1] - x[0]), y[0] + up * (y[1] - y[0])];
  };
  const settings = () => ({ step: stage.values.step, leapfrogs: stage.values.leapfrogs });

  function lay(width) {
    const wide = width >= 560, side = wide ? Math.round(width * 0.6) : width;
    const height = Math.round(Math.min(side * 0.8, 380));
    const plane = { x: 28, y: 4, width: side - 34, height: height - 26 };
    const left = wide ? side + 22 : 28, right = width - left - 6;
    const top = wide ? 22 : height + 24, each = wide ? Math.round((height - 80) / 2) : 110;
    layout = { plane, histogram: { x: left, y: top, width: right, height: each },
      errors: { x: left, y: top + each + 44, width: right, height: wide ? height - top - each - 66 : 80 } };
    resize(width, wide ? height : layout.errors.y + layout.errors.height + 8);
  }

  const scales = () => {
    const { plane } = layout, { x, y } = target().box;
    return [linear(x, [plane.x, plane.x + plane.width]), linear(y, [plane.y + plane.height, plane.y])];
  };

  function drawPlane(x, y, colours) {
    const { plane } = layout;
    axes(c, plane, x, y, colours);
    within(c, plane, () => {
      target().contours.forEach(({ line, level }) => {
        polyline(c, line.map(([a]) => x(a)), line.map(([, b]) => y(b)));
        c.globalAlpha = 0.07 + 0.05 * level;
        c.fillStyle = colours.blue;
        c.fill("evenodd");
      });
      c.fillStyle = colours.ink;
      c.globalAlpha = chain.count > 2000 ? 0.25 : 0.6;
      for (let i = Math.max(0, chain.count - 4000); i < chain.count; i++) {
        c.fillRect(x(chain.kept[0][i]) - 1, y(chain.kept[1][i]) - 1, 2, 2);
      }
      c.globalAlpha = 1;
      if (chain.info) drawPath(x, y, colours);
      c.fillStyle = colours.ink;
      dot(c, x(chain.state.q[0]), y(chain.state.q[1]), 5);
    });
  }

  function drawPath(x, y, colours) {
    const { path, proposal, accepted, divergent } = chain.info;
    c.strokeStyle = accepted ? colours.green : colours.orange;
    c.lineWidth = 2;
    polyline(c, path.map((q) => x(q[0])), path.map((q) => y(q[1])));
    c.stroke();
    if (accepted || divergent) return;
    const [px, py] = [x(proposal.q[0]), y(proposal.q[1])];
    for (const way of [1, -1]) polyline(c, [px - 5, px + 5], [py - 5 * way, py + 5 * way]), c.stroke();
  }

  function drawHistogram(x, colours) {
    const { histogram: box } = layout, { truth, box: { x: range } } = target();
    const across = linear(range, [box.x, box.x + box.width]);
    const width = (range[1] - range[0]) / chain.bins.length;
    const densities = [...chain.bins].map((n) => n / Math.max(chain.count, 1) / width);
    const top = Math.max(1.6 * Math.max(...truth), chain.count > 400 ? Math.max(...densities) : 0);
    const up = linear([0, top], [box.y + box.height, box.y]);
    c.fillStyle = colours.soft;
    text(c, "First coordinate: draws and truth", box.x, box.y - 7);
    axes(c, box, across, null, colours);
    within(c, box, () => {
      c.fillStyle = colours.blue;
      c.globalAlpha = 0.45;
      densities.forEach((d, i) => c.fillRect(across(range[0] + i * width), up(d),
        across(range[0] + width) - box.x - 0.5, up(0) - up(d)));
      c.globalAlpha = 1;
      c.strokeStyle = colours.ink;
      c.lineWidth = 2;
      polyline(c, truth.map((_, i) => across(range[0] + i / (truth.length - 1) * (range[1] - range[0]))),
        truth.map(up));
      c.stroke();
    });
  }

  function drawErrors(colours) {
    const { errors: box } = layout, up = linear([-3, 3], [box.y + box.height, box.y]);
    c.fillStyle = colours.soft;
    text(c, "Energy error of each proposal, nats", box.x, box.y - 7);
    axes(c, box, null, up, colours, { yCount: 3 });
    const width = box.width / 64;
    within(c, box, () => chain.errors.forEach(({ error, accepted }, i) => {
      c.fillStyle = accepted ? colours.green : colours.orange;
      const height = Number.isFinite(error) ? up(error) : box.y;
      c.fillRect(box.x + i * width, Math.min(height, up(0)), width - 1, Math.abs(height - up(0)) + 1);
    }));
  }

  function words() {
    const { count, gradients, refused, diverged } = chain;
    if (count < 20) return "Press Play, or make one draw. Drag the ring to start somewhere else.";
    const now = performance.now(); // worked out now and then, and once more at rest
    if (now - lastSize > 400 || count === MOST) { lastSize = now; void chain.effective; }
    const { worst } = chain.size, sampler = NAMES[stage.values.sampler];
    const lost = diverged ? ` ${format(diverged)} steps diverged, so none of this counts.` : "";
    const paid = stage.values.sampler === "walk" ? "values" : "gradients";
    return `${sampler}: ${format(count)} draws for ${format(gradients)} ${paid}, ` +
      `${Math.round(100 * refused / count)} % refused, worth ${format(worst)} independent draws, ` +
      `${(1000 * worst / gradients).toPrecision(2)} per 1,000 ${paid}.${lost}`;
  }

  begin();
  lay(stage.width);
  return {
    element,
    resize: lay,
    get perFrame() { return stage.values.speed; },
    update(names) {
      if (names.has("sampler")) called();
      if (names.has("target") || names.has("start")) restart();
      else if (["sampler", "step", "leapfrogs"].some((name) => names.has(name))) chain.clear();
    },
    reset: begin,
    step,
    draw() {
      const { colours } = stage, [x, y] = scales();
      c.clearRect(0, 0, element.width, element.height);
      drawPlane(x, y, colours);
      drawHistogram(x, colours);
      drawErrors(colours);
    },
    says: words,
    handles() {
      const [x, y] = scales(), [a, b] = startPoint();
      return [{ key: "start", label: "Where the chain starts", x: x(a), y: y(b), move: moveTo,
        text: `${a.toFixed(1)}, ${b.toFixed(1)}` }];
    },
    grab(px, py) {
      const { x, y, width, height } = layout.plane;
      if (px < x || px > x + width || py < y || py > y + height) return null;
      moveTo(px, py);
      return moveTo;
    },
  };

  function moveTo(px, py) {
    const { plane } = layout, share = (value) => Number(Math.min(Math.max(value, 0), 1).toFixed(3));
    stage.set({ start: [[share((px - plane.x) / plane.width),
      share(1 - (py - plane.y) / plane.height)]] });
  }
}
