// A digit that the reader draws: ten masks, a cube and two planes look at it.

import { dot, makeCanvas, text } from "../canvas.js";
import { CUBE, channels, seen, tile } from "../tiles.js";
import * as core from "../core/digits.js";

const MIN_STEP = 2.5; // paper pixels between two points of a stroke that are kept
async function sheetOf({ sheet, ...packed }) {
  const image = document.querySelector(`#${sheet} img`);
  if (!image) throw new Error(`there is no picture of weights ${sheet} on this page`);
  const png = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
  return core.vaeOf(packed, await core.greyRows(png), packed.scales);
}

export function start(stage) {
  const { side, masks, cube, planes, clouds, limit } = stage.data;
  const examples = stage.data.examples.map((grey) =>
    Float64Array.from(core.bytesOf(grey), (byte) => byte / 255));
  const nets = { masks: core.layerOf(masks), cube: cube.map(core.layerOf), vaes: null };
  const strongest = Math.max(...nets.masks.weight.flatMap((row) => Array.from(row, Math.abs))) / 2;
  const names = ["paper", "fed", "masks", "cube", ...planes.map((_, i) => `plane-${i}`)];
  const element = document.createElement("div");
  element.className = "digit";
  const parts = Object.fromEntries(names.map((name) => {
    const part = makeCanvas({ label: stage.data.labels[name.split("-")[0]] });
    part.element.className = `digit-${name.split("-")[0]}`;
    element.append(part.element);
    return [name, part];
  }));
  const now = {};

  function look() {
    const { from, ink, prepare } = stage.values;
    const paper = from === "blank" ? new Float64Array(core.PAPER ** 2)
      : core.enlarged(examples[from], side);
    now.pen = ink.at(-1)?.slice(0, 2) ?? [core.PAPER / 2, 12];
    now.ink = core.inked(ink, paper);
    now.fed = (prepare ? core.prepare : core.shrink)(now.ink, core.PAPER, side);
    now.blank = !now.ink.some((value) => value > 0);
    now.scores = core.outputs([nets.masks], now.fed)[0];
    const [, point, scores] = core.outputs(nets.cube, now.fed);
    Object.assign(now, { point, cubeScores: scores });
    think();
  }

  function think() {
    const moved = stage.values.latent;
    now.latents = planes.map(({ start }, i) => moved.find(([, , plane]) => plane === i)?.slice(0, 2)
      ?? (nets.vaes ? nets.vaes[i].encode(now.fed) : start.latent));
    now.drawn = planes.map(({ start }, i) => (nets.vaes ? nets.vaes[i].decode(now.latents[i])
      : Array.from(core.bytesOf(start.image), (byte) => byte / 255)));
  }

  // The two large nets come with the first touch.
  function wake() {
    now.coming ??= Promise.all(planes.map(sheetOf)).then((vaes) => {
      nets.vaes = vaes;
      look();
      stage.redraw();
    }).catch((error) => {
      now.trouble = ` The planes stay as they are: ${error.message}.`;
      stage.redraw();
    });
  }

  function add(point) {
    wake();
    const { ink } = stage.values;
    if (ink.length >= stage.data.most) return;
    stage.set({ ink: [...ink, point.map(Math.round)], latent: [] });
  }

  const how = () => (stage.values.rub ? 2 : 1);
  const within = (value) => Math.min(core.PAPER - 1, Math.max(0, value));
  const onPaper = (x, y) => {
    const scale = core.PAPER / parts.paper.element.clientWidth;
    return [within(x * scale), within(y * scale)];
  };
  parts.paper.element.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const target = parts.paper.element;
    const box = target.getBoundingClientRect();
    let last = onPaper(event.clientX - box.left, event.clientY - box.top);
    target.setPointerCapture(event.pointerId);
    add([...last, 0]);
    add([...last, how()]);
    const move = (to) => {
      const next = onPaper(to.clientX - box.left, to.clientY - box.top);
      if (Math.hypot(next[0] - last[0], next[1] - last[1]) < MIN_STEP) return;
      last = next;
      add([...next, how()]);
    };
    target.addEventListener("pointermove", move);
    target.addEventListener("lostpointercapture", () =>
      target.removeEventListener("pointermove", move), { once: true });
  });

  function drawMasks(context, width, colours) {
    const gap = 8, size = (width - 4 * gap) / 5, row = size + 26;
    const best = core.argmax(now.scores), shares = core.softmax(now.scores);
    nets.masks.weight.forEach((weights, k) => {
      const [x, y] = [(k % 5) * (size + gap), Math.floor(k / 5) * row];
      const lit = Array.from(weights, (w, i) => w / strongest * (0.25 + 0.75 * now.fed[i]));
      tile(context, lit, side, [x, y, size], colours);
      context.fillStyle = context.strokeStyle = stage.colours[k === best ? "ink" : "soft"];
      if (k === best && !now.blank) {
        context.lineWidth = 2;
        context.strokeRect(x + 1, y + 1, size - 2, size - 2);
      }
      text(context, `${k}`, x, y + size + 15, { weight: k === best ? "bold" : "" });
      context.fillRect(x + 14, y + size + 7, (size - 14) * (now.blank ? 0 : shares[k]), 7);
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

  function drawPlane(context, width, i, colours) {
    context.strokeStyle = stage.colours.line;
    context.strokeRect(0.5, 0.5, width - 1, width - 1);
    context.fillStyle = stage.colours.soft;
    clouds.planes[i].forEach(([x, y, label]) =>
      text(context, `${label}`, ...place([x, y].map((v) => (v / 127.5 - 1) * limit), width),
        { size: 10, align: "center", baseline: "middle" }));
    const size = 0.3 * width;
    tile(context, now.drawn[i], side, [width - size - 1, 1, size], colours);
    context.strokeRect(width - size - 0.5, 0.5, size, size);
    text(context, `β = ${planes[i].beta}`, 8, 16, { weight: "bold" });
  }

  look();
  return {
    element,
    update(names) {
      if (!["from", "ink", "prepare", "latent"].some((name) => names.has(name))) return;
      if (names.size === 1 && names.has("latent")) think();
      else look();
      if (names.size < 5 && (names.has("from") || names.has("latent"))) wake();
    },
    resize() {
      for (const name of names) {
        const { element: canvas, resize } = parts[name];
        canvas.style.width = canvas.style.height = "";
        const width = canvas.clientWidth;
        resize(width, name === "masks" ? 2 * ((width - 32) / 5 + 26) : width);
      }
    },
    draw() {
      const ink = channels(stage.colours.ink), paper = channels(stage.colours.paper);
      const grey = { plus: ink, minus: ink, paper };
      const warm = { plus: channels(stage.colours.orange), minus: channels(stage.colours.blue), paper };
      for (const name of names) {
        const { element: canvas, context } = parts[name];
        const width = canvas.clientWidth;
        context.clearRect(0, 0, width, canvas.clientHeight);
        if (name === "paper") tile(context, now.ink, core.PAPER, [0, 0, width], grey);
        else if (name === "fed") tile(context, now.fed, side, [0, 0, width], grey);
        else if (name === "masks") drawMasks(context, width, warm);
        else if (name === "cube") drawCube(context, width);
        else drawPlane(context, width, Number(name.at(-1)), grey);
      }
    },
    handles() {
      const at = (name) => [parts[name].element.offsetLeft, parts[name].element.offsetTop];
      const [left, top] = at("paper");
      const scale = parts.paper.element.clientWidth / core.PAPER;
      const pen = { key: "pen", label: stage.values.rub ? "Rubber" : "Pen",
        text: `${Math.round(now.pen[0])} across, ${Math.round(now.pen[1])} down`,
        x: left + now.pen[0] * scale, y: top + now.pen[1] * scale,
        move(x, y) {
          if (stage.values.ink.length === 0) add([...now.pen, 0]);
          add([within((x - left) / scale), within((y - top) / scale), how()]);
        } };
      return [pen, ...planes.map(({ beta }, i) => {
        const [x0, y0] = at(`plane-${i}`), width = parts[`plane-${i}`].element.clientWidth;
        const [x, y] = place(now.latents[i], width);
        return { key: `latent-${i}`, label: `Latent point at β = ${beta}`,
          text: now.latents[i].map((v) => v.toFixed(2)).join(", "), x: x0 + x, y: y0 + y,
          move(toX, toY) {
            const to = [((toX - x0) / width * 2 - 1) * limit, (1 - (toY - y0) / width * 2) * limit]
              .map((v) => Math.round(10 * Math.min(limit, Math.max(-limit, v))) / 10);
            const others = stage.values.latent.filter(([, , plane]) => plane !== i);
            stage.set({ latent: [...others, [...to, i]] });
          } };
      })];
    },
    press(name) {
      if (name === "clear") stage.set({ from: "blank", ink: [], latent: [] });
    },
    says() {
      if (now.blank) return "Blank paper: draw a digit, or choose one to start from.";
      const read = (scores) => {
        const best = core.argmax(scores);
        return `${best} (probability ${core.softmax(scores)[best].toFixed(2)})`;
      };
      return `The masks read ${read(now.scores)}, the cube ${read(now.cubeScores)}.${now.trouble ?? ""}`;
    },
  };
}
