// Runs the cores of a drawn digit on what a test wrote; prints what it gives.
import { readFileSync } from "node:fs";
import * as autoencoder from "../../explore/core/autoencoder.js";
import * as digits from "../../explore/core/digits.js";
import * as paper from "../../explore/core/paper.js";

const core = { ...digits, ...paper, ...autoencoder };
const given = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { width, side, layers, png, scales, bias } = given;
const drawn = given.drawn.map((text) => Float64Array.from(core.bytesOf(text), (v) => v / 255));
const weight = core.rescaled(await core.greyRows(core.bytesOf(png)), scales);
const vae = core.vaeOf(given.vae, await core.greyRows(core.bytesOf(given.sheet)),
  given.vae.scales);
const latents = given.inputs.map(vae.encode);
const net = layers.map(core.layerOf);
console.log(JSON.stringify({
  prepared: drawn.map((ink) => Array.from(core.prepare(ink, width, side))),
  shrunk: drawn.map((ink) => Array.from(core.shrink(ink, width, side))),
  blank: Array.from(core.prepare(new Array(width * width).fill(0), width, side)),
  outputs: given.inputs.map((x) => core.outputs(net, x).map((part) => Array.from(part))),
  affine: given.inputs.map((x) => Array.from(core.affine(weight, bias, x))),
  latents,
  decoded: latents.slice(0, 20).map((z) => Array.from(vae.decode(z))),
  softmax: core.softmax([1, 2, 1000]),
  argmax: core.argmax([3, 9, 9, 1]),
}));
