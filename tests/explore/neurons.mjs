// Evaluates the neurons of the figures where a fixture of tinynets asks.
import { readFileSync } from "node:fs";
import { ACTIVATIONS, neuron } from "../../explore/core/activations.js";
import { adam, evaluate, loss } from "../../explore/core/twoneurons.js";

const { z, w, b, thetas, xs, ys, start, rate, steps } = JSON.parse(readFileSync(process.argv[2], "utf8"));

const activations = Object.fromEntries(Object.keys(ACTIVATIONS).map((name) => {
  const one = neuron(name, { w: 1, b: 0 }, z), moved = neuron(name, { w, b }, z);
  return [name, { output: one.output, slope: one.slope, moved: moved.output }];
}));

const nets = [false, true].map((squash) => thetas.map((theta) => {
  const gradient = new Float64Array(theta.length);
  return { loss: loss(theta, xs, ys, squash, gradient), gradient: [...gradient],
    f: xs.map((x) => evaluate(theta, x, squash)) };
}));

function descend(squash) {
  const theta = Float64Array.from(start), gradient = new Float64Array(theta.length), step = adam(rate);
  return Array.from({ length: steps }, () => {
    loss(theta, xs, ys, squash, gradient);
    step(theta, gradient);
    return [...theta];
  });
}

console.log(JSON.stringify({ activations, nets, paths: [false, true].map(descend) }));
