// A cloud of hidden activations in its cube: turned by dragging, hovered over, played in time.

import { makeCanvas, text } from "../canvas.js";
import { decode } from "../core/blending.js";
import { dragged, turning } from "../core/turning.js";
import { channels, CUBE, tile } from "../tiles.js";

const REACH = 1.75; // half the width of the picture, in halves of the cube's edge

export function start(stage) {
  const { element, context: c, resize } = makeCanvas(stage);
  const { labels, clouds, images, shape, says, frames } = stage.data;
  let size = 0, height = 0, seen = [], found = null;

  const project = () => {
    const { layer, time, turn, tilt, digit } = stage.values;
    const see = turning(turn, tilt), frame = frames.indexOf(time), half = Math.min(size, height) / 2;
    const place = ([x, y, z]) => {
      const [right, up, near] = see(x, y, z);
      return [size / 2 + right / REACH * half, height / 2 - up / REACH * half, near];
    };
    seen = clouds[layer].map((values, i) => {
      const [x, y, near] = place(values.slice(3 * frame, 3 * frame + 3).map((v) => v / 999));
      return { i, x, y, near, shown: digit === "all" || labels[i] === Number(digit) };
    }).filter(({ shown }) => shown).sort((a, b) => a.near - b.near);
    return place;
  };

  function card({ i, x, y }) { // the image behind a point
    const side = 72, left = Math.min(Math.max(x + 12, 2), size - side - 2);
    const top = Math.min(Math.max(y - side - 30, 2), height - side - 24);
    const { colours } = stage;
    c.fillStyle = colours.paper;
    c.fillRect(left - 2, top - 2, side + 4, side + 22);
    c.strokeStyle = colours.soft;
    c.strokeRect(left - 2.5, top - 2.5, side + 5, side + 23);
    const [plus, paper] = [channels(colours.ink), channels(colours.paper)];
    tile(c, decode(images[i]), shape[1], [left, top, side], { plus, minus: plus, paper });
    c.fillStyle = colours.ink;
    text(c, `a ${labels[i]}`, left + side / 2, top + side + 15, { align: "center" });
  }

  const pick = (x, y) => {
    const near = seen.filter((one) => Math.hypot(one.x - x, one.y - y) < 14);
    return near.length === 0 ? null
      : near.reduce((a, b) => Math.hypot(a.x - x, a.y - y) < Math.hypot(b.x - x, b.y - y) ? a : b).i;
  };

  return {
    element,
    resize(width) {
      [size, height] = [width, Math.round(Math.min(width, 420))];
      resize(size, height);
    },
    draw() {
      const { colours } = stage, place = project();
      c.clearRect(0, 0, size, height);
      c.strokeStyle = colours.soft;
      c.globalAlpha = 0.6;
      c.lineWidth = 1;
      for (const edge of CUBE) {
        const [[x1, y1], [x2, y2]] = edge.map((corner) => place(corner.map((v) => 2 * v - 1)));
        c.beginPath();
        c.moveTo(x1, y1);
        c.lineTo(x2, y2);
        c.stroke();
      }
      for (const { i, x, y, near } of seen) {
        c.globalAlpha = 0.3 + 0.7 * Math.min(Math.max((near + 1.4) / 2.8, 0), 1);
        c.fillStyle = colours.classes[labels[i]];
        text(c, String(labels[i]), x, y, { align: "center", baseline: "middle", weight: "600" });
      }
      c.globalAlpha = 1;
      const one = seen.find(({ i }) => i === found);
      if (one) card(one);
    },
    says: () => says[stage.values.layer][frames.indexOf(stage.values.time)],
    grab(fromX, fromY) {
      const from = [stage.values.turn, stage.values.tilt];
      found = pick(fromX, fromY);
      stage.redraw();
      return (x, y) => {
        found = null;
        const [turn, tilt] = dragged(from, x - fromX, y - fromY);
        stage.set({ turn, tilt });
      };
    },
    hover(x, y) {
      const next = x === null ? null : pick(x, y);
      if (next !== found) { found = next; stage.redraw(); }
    },
  };
}
