// Paper on which a digit is drawn, and ten masks that look at it: what two figures share.

import { makeCanvas, text } from "./canvas.js";
import { argmax, bytesOf, layerOf, outputs, softmax } from "./core/digits.js";
import { enlarged, inked, PAPER, prepare, shrink } from "./core/paper.js";
import { channels, tile } from "./tiles.js";

const MIN_STEP = 2.5; // paper pixels between two points of a stroke that are kept
const within = (value) => Math.min(PAPER - 1, Math.max(0, value));

export const greys = (text) => Float64Array.from(bytesOf(text), (byte) => byte / 255);

// Canvases beside each other, which the style sheet arranges: one for each part
// { name, label, height?(width), draw(context, width) }.
export function board(parts) {
  const element = document.createElement("div");
  element.className = "digit";
  for (const part of parts) {
    Object.assign(part, makeCanvas({ label: part.label }));
    part.element.className = `digit-${part.name}`;
    element.append(part.element);
  }
  return {
    element,
    resize() {
      for (const { element: canvas, resize, height } of parts) {
        canvas.style.width = canvas.style.height = "";
        const width = canvas.clientWidth;
        resize(width, height ? height(width) : width);
      }
    },
    draw() {
      for (const { element: { clientWidth, clientHeight }, context, draw } of parts) {
        context.clearRect(0, 0, clientWidth, clientHeight);
        draw(context, clientWidth);
      }
    },
  };
}

export function inks({ ink, orange, blue, paper }) {
  const [black, plus, minus, white] = [ink, orange, blue, paper].map(channels);
  return { grey: { plus: black, minus: black, paper: white }, warm: { plus, minus, paper: white } };
}

// The drawing: `now` has its ink, what the nets are given of it, and whether it is blank.
// `changed` gives what else is set with a new point; `touched` is called before it.
export function makePaper(stage, { touched = () => {}, changed = {} } = {}) {
  const { side, most, labels } = stage.data;
  const examples = stage.data.examples.map(greys), now = {};
  const draw = (values, n) => (context, width) =>
    tile(context, now[values], n, [0, 0, width], inks(stage.colours).grey);
  const sheet = { name: "paper", label: labels.paper, draw: draw("ink", PAPER) };
  const fed = { name: "fed", label: labels.fed, draw: draw("fed", side) };

  function look() {
    const { from, ink } = stage.values;
    now.pen = ink.at(-1)?.slice(0, 2) ?? [PAPER / 2, 12];
    now.ink = inked(ink, from === "blank" ? new Float64Array(PAPER ** 2) : enlarged(examples[from], side));
    now.fed = (stage.values.prepare === false ? shrink : prepare)(now.ink, PAPER, side);
    now.blank = !now.ink.some((value) => value > 0);
  }

  const how = () => (stage.values.rub ? 2 : 1);
  function add(...point) {
    touched();
    const { ink } = stage.values;
    if (ink.length < most) stage.set({ ink: [...ink, point.map(Math.round)], ...changed });
  }

  // To be called once the part is on its board.
  function listen() {
    const target = sheet.element;
    target.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const box = target.getBoundingClientRect(), scale = PAPER / target.clientWidth;
      const at = ({ clientX, clientY }) =>
        [within((clientX - box.left) * scale), within((clientY - box.top) * scale)];
      let last = at(event);
      target.setPointerCapture(event.pointerId);
      add(...last, 0);
      add(...last, how());
      const move = (to) => {
        const next = at(to);
        if (Math.hypot(next[0] - last[0], next[1] - last[1]) < MIN_STEP) return;
        add(...(last = next), how());
      };
      target.addEventListener("pointermove", move);
      target.addEventListener("lostpointercapture", () =>
        target.removeEventListener("pointermove", move), { once: true });
    });
  }

  function pen() {
    const { offsetLeft: left, offsetTop: top, clientWidth } = sheet.element, scale = clientWidth / PAPER;
    return { key: "pen", label: stage.values.rub ? "Rubber" : "Pen",
      text: `${Math.round(now.pen[0])} across, ${Math.round(now.pen[1])} down`,
      x: left + now.pen[0] * scale, y: top + now.pen[1] * scale,
      move(x, y) {
        if (stage.values.ink.length === 0) add(...now.pen, 0);
        add(within((x - left) / scale), within((y - top) / scale), how());
      } };
  }

  return { now, parts: [sheet, fed], look, listen, pen };
}

// The ten masks with the ink on them, a bar for each probability, and a frame about the best.
export function makeMasks(stage, now) {
  const { side, masks, labels } = stage.data, layer = layerOf(masks);
  const strongest = Math.max(...layer.weight.flatMap((row) => Array.from(row, Math.abs))) / 2;
  return {
    scores: (image) => outputs([layer], image)[0],
    name: "masks", label: labels.masks,
    height: (width) => 2 * ((width - 32) / 5 + 26),
    draw(context, width) {
      const gap = 8, size = (width - 4 * gap) / 5;
      const best = argmax(now.scores), shares = softmax(now.scores);
      layer.weight.forEach((weights, k) => {
        const [x, y] = [(k % 5) * (size + gap), Math.floor(k / 5) * (size + 26)];
        const lit = Array.from(weights, (w, i) => w / strongest * (0.25 + 0.75 * now.fed[i]));
        tile(context, lit, side, [x, y, size], inks(stage.colours).warm);
        context.fillStyle = context.strokeStyle = stage.colours[k === best ? "ink" : "soft"];
        if (k === best && !now.blank) {
          context.lineWidth = 2;
          context.strokeRect(x + 1, y + 1, size - 2, size - 2);
        }
        text(context, `${k}`, x, y + size + 15, { weight: k === best ? "bold" : "" });
        context.fillRect(x + 14, y + size + 7, (size - 14) * (now.blank ? 0 : shares[k]), 7);
      });
    },
  };
}

export const BLANK = "Blank paper: draw a digit, or choose one to start from.";

export function verdict(scores) {
  const best = argmax(scores);
  return `${best} (probability ${softmax(scores)[best].toFixed(2)})`;
}
