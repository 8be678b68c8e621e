// Ten masks as they grow: one tile a class, at one moment of the training.

import { makeCanvas, text } from "../canvas.js";
import { decode } from "../core/blending.js";
import { channels, tile } from "../tiles.js";

export function start(stage) {
  const { element, context: c, resize } = makeCanvas(stage);
  const { masks, shape, steps, says } = stage.data;
  const frames = masks.map((frame) => frame.map((inks) => decode(inks).map((v) => 2 * v - 1)));
  const columns = 5;
  let size;
  return {
    element,
    resize(width) {
      size = Math.floor(Math.min((width - 8 * (columns - 1)) / columns, 124));
      resize(columns * (size + 8) - 8, Math.ceil(frames[0].length / columns) * (size + 26));
    },
    draw() {
      const { colours } = stage;
      const [plus, minus, paper] = [colours.orange, colours.blue, colours.paper].map(channels);
      c.clearRect(0, 0, element.width, element.height);
      frames[steps.indexOf(stage.values.time)].forEach((mask, k) => {
        const x = (k % columns) * (size + 8), y = Math.floor(k / columns) * (size + 26) + 18;
        c.fillStyle = colours.soft;
        text(c, String(k), x + size / 2, y - 5, { align: "center" });
        tile(c, mask, shape[1], [x, y, size], { plus, minus, paper });
        c.strokeStyle = colours.line;
        c.strokeRect(x + 0.5, y + 0.5, size - 1, size - 1);
      });
    },
    says: () => says[steps.indexOf(stage.values.time)],
  };
}
