// An image, a mask and their product pixel by pixel, above a bar for each class's score.

import { makeCanvas, text } from "../canvas.js";
import { decode } from "../core/blending.js";
import { channels, tile } from "../tiles.js";

const GAP = 22; // between tiles, with × and = in it
const BARS = 116; // height of the bars' panel

export function start(stage) {
  const { element, context: c, resize } = makeCanvas(stage);
  const { scores, shape, read } = stage.data;
  const images = stage.data.images.map(decode);
  const masks = stage.data.masks.map((inks) => decode(inks).map((share) => 2 * share - 1));
  const highest = Math.max(...scores.flat().map(Math.abs));
  const signed = (score) => `${score < 0 ? "−" : "+"}${Math.abs(score).toFixed(1)}`;
  let size, left, wide;

  function tiles(colours, image, mask) {
    const [plus, minus, paper, ink] =
      [colours.orange, colours.blue, colours.paper, colours.ink].map(channels);
    const shown = [["Image", image, ink], ["Mask", mask, plus],
      ["Product", image.map((share, i) => share * mask[i]), plus]];
    shown.forEach(([title, values, positive], place) => {
      const x = left + place * (size + GAP);
      c.fillStyle = colours.soft;
      text(c, title, x + size / 2, 14, { align: "center" });
      tile(c, values, shape[1], [x, 20, size], { plus: positive, minus, paper });
      c.strokeStyle = colours.line;
      c.strokeRect(x + 0.5, 20.5, size - 1, size - 1);
      c.fillStyle = colours.ink;
      if (place) text(c, " ×="[place], x - GAP / 2, 20 + size / 2,
        { align: "center", baseline: "middle", size: 18 });
    });
  }

  function bars(colours, row, held) {
    const top = size + 44, step = wide / row.length, unit = (BARS / 2 - 14) / highest;
    c.fillStyle = colours.soft;
    text(c, "Scores", left + wide / 2, top, { align: "center" });
    const middle = top + 8 + BARS / 2;
    row.forEach((score, k) => {
      const x = left + k * step, height = Math.abs(score) * unit;
      c.globalAlpha = k === held ? 1 : 0.35;
      c.fillStyle = score > 0 ? colours.orange : colours.blue;
      c.fillRect(x + 0.12 * step, score > 0 ? middle - height : middle, 0.76 * step, height);
      c.globalAlpha = 1;
      c.fillStyle = k === held ? colours.ink : colours.soft;
      text(c, signed(score), x + step / 2, middle + (score > 0 ? -height - 3 : height + 3),
        { align: "center", baseline: score > 0 ? "alphabetic" : "top", size: 11 });
      text(c, String(k), x + step / 2, top + BARS + 26,
        { align: "center", weight: k === held ? "700" : "" });
    });
  }

  return {
    element,
    resize(width) {
      size = Math.floor(Math.min((width - 2 * GAP) / 3, 180));
      wide = 3 * size + 2 * GAP;
      left = Math.floor((width - wide) / 2);
      resize(width, size + BARS + 78);
    },
    draw() {
      const { colours, values } = stage;
      c.clearRect(0, 0, element.width, element.height);
      tiles(colours, images[values.image - 1], masks[values.mask]);
      bars(colours, scores[values.image - 1], values.mask);
    },
    says() {
      const { image, mask } = stage.values;
      return `${read[image - 1]}. The mask of ${mask} scores ${signed(scores[image - 1][mask])}.`;
    },
  };
}
