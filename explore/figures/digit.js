// A digit that the reader draws: ten masks, a cube and two planes look at it.

import { dot, text } from "../canvas.js";
import { layerOf, outputs } from "../core/digits.js";
import { BLANK, board, greys, inks, makeMasks, makePaper, verdict } from "../paper.js";
import { CUBE, seen, tile } from "../tiles.js";

async function fetched({ sheet, ...packed }) {
  const { greyRows, vaeOf } = await import("../core/autoencoder.js");
  const image = document.querySelector(`#${sheet} img`);
  if (!image) throw new Error(`there is no picture of weights ${sheet} on this page`);
  const png = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
  return vaeOf(packed, await greyRows(png), packed.scales);
}

export function start(stage) {
  const { side, planes, clouds, limit, labels } = stage.data;
  const cube = stage.data.cube.map(layerOf);
  const paper = makePaper(stage, { touched: wake, changed: { latent: [] } }), { now } = paper;
  const masks = makeMasks(stage, now);
  const views = planes.map((_, i) => ({ name: "plane", label: labels.plane,
    draw: (context, width) => drawPlane(context, width, i) }));
  const { element, resize, draw } = board([...paper.parts, masks,
    { name: "cube", label: labels.cube, draw: drawCube }, ...views]);
  let vaes = null;

  function look() {
    paper.look();
    now.scores = masks.scores(now.fed);
    [, now.point, now.cubeScores] = outputs(cube, now.fed);
    think();
  }

  function think() {
    const moved = stage.values.latent;
    now.latents = planes.map(({ start }, i) => moved.find(([, , plane]) => plane === i)?.slice(0, 2)
      ?? (vaes ? vaes[i].encode(now.fed) : start.latent));
    now.drawn = planes.map(({ start }, i) => vaes ? vaes[i].decode(now.latents[i]) : greys(start.image));
  }

  // The two large nets come with the first touch.
  function wake() {
    now.coming ??= Promise.all(planes.map(fetched)).then((nets) => {
      vaes = nets;
      look();
      stage.redraw();
    }).catch((error) => {
      now.trouble = ` The planes stay as they are: ${error.message}.`;
      stage.redraw();
    });
  }

  function drawCube(context, width) {
    context.strokeStyle = stage.colours.line;
    for (const [from, to] of CUBE) {
      context.beginPath();
      context.moveTo(...seen(from, width));
      context.lineTo(...seen(to, width));
      context.stroke();
    }
    context.fillStyle = stage.colours.soft;
    clouds.cube.forEach(([x, y, z, label]) =>
      text(context, `${label}`, ...seen([x, y, z].map((v) => v / 255), width),
        { size: 10, align: "center", baseline: "middle" }));
    context.fillStyle = stage.colours.orange;
    if (!now.blank) dot(context, ...seen(now.point, width), 6);
  }

  const place = ([x, y], width) => [(x / limit + 1) * width / 2, (1 - y / limit) * width / 2];

  function drawPlane(context, width, i) {
    context.strokeStyle = stage.colours.line;
    context.strokeRect(0.5, 0.5, width - 1, width - 1);
    context.fillStyle = stage.colours.soft;
    clouds.planes[i].forEach(([x, y, label]) =>
      text(context, `${label}`, ...place([x, y].map((v) => (v / 127.5 - 1) * limit), width),
        { size: 10, align: "center", baseline: "middle" }));
    const size = 0.3 * width;
    tile(context, now.drawn[i], side, [width - size - 1, 1, size], inks(stage.colours).grey);
    context.strokeRect(width - size - 0.5, 0.5, size, size);
    text(context, `β = ${planes[i].beta}`, 8, 16, { weight: "bold" });
  }

  function handle({ beta }, i) {
    const { offsetLeft: x0, offsetTop: y0, clientWidth: width } = views[i].element;
    const [x, y] = place(now.latents[i], width);
    return { key: `latent-${i}`, label: `Latent point at β = ${beta}`,
      text: now.latents[i].map((v) => v.toFixed(2)).join(", "), x: x0 + x, y: y0 + y,
      move(toX, toY) {
        const to = [((toX - x0) / width * 2 - 1) * limit, (1 - (toY - y0) / width * 2) * limit]
          .map((v) => Math.round(10 * Math.min(limit, Math.max(-limit, v))) / 10);
        const others = stage.values.latent.filter(([, , plane]) => plane !== i);
        stage.set({ latent: [...others, [...to, i]] });
      } };
  }

  paper.listen();
  look();
  return {
    element, resize, draw,
    update(names) {
      if (!["from", "ink", "prepare", "latent"].some((name) => names.has(name))) return;
      if (names.size === 1 && names.has("latent")) think();
      else look();
      if (names.size < 5 && (names.has("from") || names.has("latent"))) wake();
    },
    handles: () => [paper.pen(), ...planes.map(handle)],
    press: () => stage.set({ from: "blank", ink: [], latent: [] }),
    says: () => now.blank ? BLANK : `The masks read ${verdict(now.scores)}, ` +
      `the cube ${verdict(now.cubeScores)}.${now.trouble ?? ""}`,
  };
}
