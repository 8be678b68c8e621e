// A walk in the latent plane: click or drag, and see what the decoder makes of the point.

import { axes, linear } from "../axes.js";
import { makeCanvas, text } from "../canvas.js";
import { blend, decode, nearestOf } from "../core/blending.js";
import { channels, tile } from "../tiles.js";

const NEAREST = 3;

export function start(stage) {
  const { element, context: c, resize } = makeCanvas(stage);
  const { limit, points, labels, shape, small } = stage.data;
  const tiles = stage.data.tiles.map((row) => row.map(decode));
  const images = stage.data.images.map(decode);
  const [control] = stage.data.controls;
  let box, side, x, y;

  const moveTo = (px, py) => stage.set({
    across: stage.nearest(control, x.invert(px)), up: stage.nearest(control, y.invert(py)) });

  return {
    element,
    resize(width) {
      const wide = width >= 560, edge = Math.min(wide ? width * 0.58 : width - 34, 380);
      box = { x: 28, y: 6, width: edge, height: edge };
      side = wide ? { x: edge + 56, y: 24, size: Math.min(width - edge - 62, 220) }
        : { x: 28, y: edge + 52, size: Math.min(edge * 0.6, 180) };
      x = linear([-limit, limit], [box.x, box.x + edge]);
      y = linear([-limit, limit], [box.y + edge, box.y]);
      const third = (side.size - 8) / NEAREST;
      resize(width, Math.round(Math.max(edge + 30, side.y + side.size + 34 + third)));
    },
    draw() {
      const { colours, values: { across, up } } = stage;
      const ink = { plus: channels(colours.ink), minus: channels(colours.ink), paper: channels(colours.paper) };
      c.clearRect(0, 0, element.width, element.height);
      axes(c, box, x, y, colours, { xCount: 6, yCount: 6 });
      c.globalAlpha = 0.8;
      points.forEach(([a, b], i) => {
        c.fillStyle = colours.classes[labels[i]];
        text(c, String(labels[i]), x(a), y(b), { align: "center", baseline: "middle", size: 11 });
      });
      c.globalAlpha = 1;
      c.fillStyle = colours.soft;
      text(c, "Decoded", side.x, side.y - 7);
      tile(c, blend(tiles, limit, across, up), shape[1], [side.x, side.y, side.size], ink);
      const third = (side.size - 8) / NEAREST, top = side.y + side.size + 28;
      c.fillStyle = colours.soft;
      text(c, "Nearest training digits", side.x, top - 7);
      nearestOf(points, across, up, NEAREST).forEach((i, place) =>
        tile(c, images[i], small[1], [side.x + place * (third + 4), top, third], ink));
    },
    says() {
      const { across, up } = stage.values, near = nearestOf(points, across, up, NEAREST);
      return `At (${across}, ${up}); the nearest training digits are ${near.map((i) => labels[i]).join(", ")}.`;
    },
    handles() {
      const { across, up } = stage.values;
      return [{ key: "point", label: "Point in the latent plane", text: `${across}, ${up}`,
        x: x(across), y: y(up), move: moveTo }];
    },
    grab(px, py) {
      if (px < box.x || px > box.x + box.width || py > box.y + box.height) return null;
      moveTo(px, py);
      return moveTo;
    },
  };
}
