// Evaluates kernels, posteriors and the finite net of the figures where a fixture of tinynets asks.
import { readFileSync } from "node:fs";
import { bayes, Flow, kernels } from "../../explore/core/limit.js";
import { descend, gradient, outputs, trace } from "../../explore/core/widenet.js";

const { cases, x, y, xs, times, noise } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const flat = (layers) => layers.flatMap(({ weight, bias }) => [...weight, ...bias]);

console.log(JSON.stringify(cases.map(({ net, layers, rate, steps }) => {
  const all = kernels(net, x, xs), flow = new Flow(all), start = layers.map(({ weight, bias }) =>
    ({ weight: Float64Array.from(weight), bias: Float64Array.from(bias) }));
  const f = [...outputs(net, start, xs)], f0 = [...outputs(net, start, x)];
  const pulls = (values) => values.map((value, i) => (value - y[i]) / y.length);
  const found = { kernels: all, bayes: bayes(all, y, noise), f, trace: trace(net, start, x),
    gradient: flat(gradient(net, start, x, pulls)),
    ensembles: times.map((t) => flow.ensemble(t ?? Infinity, y)),
    predicted: times.map((t) => flow.net(t ?? Infinity, y, f0, f)) };
  for (let i = 0; i < steps; i++) descend(net, start, x, y, rate);
  return { ...found, end: flat(start) };
})));
