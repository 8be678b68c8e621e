// Evaluates kernels, posteriors and the finite net of the figures where a fixture of tinynets asks.
import { readFileSync } from "node:fs";
import { bayes, Flow, kernels } from "../../explore/core/limit.js";
import { descend, outputs, trace } from "../../explore/core/widenet.js";

const { cases, x, y, xs, times, noise } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const flat = (layers) => layers.flatMap(({ weight, bias }) => [...weight, ...bias]);

const copy = (layers) => layers.map(({ weight, bias }) =>
  ({ weight: Float64Array.from(weight), bias: Float64Array.from(bias) }));

console.log(JSON.stringify(cases.map(({ net, layers, rate, steps }) => {
  const all = kernels(net, x, xs), flow = new Flow(all), start = copy(layers), once = copy(layers);
  const f = [...outputs(net, start, xs)], f0 = [...outputs(net, start, x)];
  descend(net, once, x, y, 1);
  const [before, after] = [flat(start), flat(once)];
  const found = { kernels: all, bayes: bayes(all, y, noise), f, trace: trace(net, start, x),
    gradient: before.map((value, i) => value - after[i]),
    ensembles: times.map((t) => flow.ensemble(t ?? Infinity, y)),
    predicted: times.map((t) => flow.net(t ?? Infinity, y, f0, f)) };
  for (let i = 0; i < steps; i++) descend(net, start, x, y, rate);
  return { ...found, end: flat(start) };
})));
