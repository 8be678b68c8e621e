// What is left of a net of one input when its layers grow wide: its kernels, as in
// tinynets.kernels, Bayes as in tinynets.gp, gradient descent as in tinynets.predict.

import { cholesky, dot, eigen, forward } from "./matrices.js";

const JITTER = 1e-10; // tinynets.linalg.JITTER
const TAU = 2 * Math.PI;

// E[f(u)²], and for a pair the gap sqrt(E[f(u)²] E[f(v)²]) - E[f(u) f(v)] with E[f'(u) f'(v)].
const DUALS = {
  relu: { variance: (q) => q / 2, moments(q1, q2, gap) {
    const product = Math.sqrt(q1) * Math.sqrt(q2), root = Math.sqrt(gap);
    const other = Math.sqrt(Math.max(0, 2 * product - gap)), angle = 2 * Math.atan2(root, other);
    const bend = root * other - (product - gap) * angle;
    return [Math.max(0, gap / 2 - bend / TAU), 0.5 - angle / TAU];
  } },
  erf: { variance: (q) => 4 / TAU * Math.atan2(2 * q, Math.sqrt(1 + 4 * q)), moments(q1, q2, gap) {
    const product = Math.sqrt(q1) * Math.sqrt(q2), { variance } = DUALS.erf;
    const root = Math.sqrt(1 + 2 * (q1 + q2) + 4 * gap * (2 * product - gap));
    const k = 4 / TAU * Math.atan2(2 * (product - gap), root);
    return [Math.max(0, Math.sqrt(variance(q1)) * Math.sqrt(variance(q2)) - k), 8 / TAU / root];
  } },
};

// NNGP and NTK of two inputs, for { depth, activation, W_std, b_std }; depth counts hidden layers.
export function kernel({ depth, activation, W_std, b_std }, x, y) {
  const { variance, moments } = DUALS[activation], W = W_std ** 2, b = b_std ** 2;
  let q1 = x * x, q2 = y * y, gap = Math.abs(x * y) - x * y, ntk = 0;
  for (let layer = 0; ; layer++) {
    const [s1, s2] = [Math.sqrt(q1), Math.sqrt(q2)];
    [q1, q2] = [W * q1 + b, W * q2 + b];
    const product = Math.sqrt(q1) * Math.sqrt(q2);
    gap = W * gap + (b ? W * b * (s1 - s2) ** 2 / (product + W * s1 * s2 + b) : 0);
    ntk = W * ntk + product - gap;
    if (layer === depth) return { nngp: product - gap, ntk };
    const [next, slopes] = moments(q1, q2, gap);
    [gap, ntk, q1, q2] = [next, ntk * slopes, variance(q1), variance(q2)];
  }
}

// Kernels among data, between new inputs and data, and of each new input with itself.
export function kernels(net, x, xs) {
  const table = (rows, columns, name) => rows.map((a) => columns.map((b) => kernel(net, a, b)[name]));
  return { nngp: table(x, x, "nngp"), ntk: table(x, x, "ntk"), nngpStar: table(xs, x, "nngp"),
    ntkStar: table(xs, x, "ntk"), prior: xs.map((a) => kernel(net, a, a).nngp) };
}

// Mean and variance of f under the posterior, with noise of standard deviation `noise`.
export function bayes({ nngp, nngpStar, prior }, y, noise) {
  const size = Math.max(...nngp.map((row, i) => row[i])), add = noise ** 2;
  const factor = cholesky(nngp.map((row, i) =>
    row.map((value, j) => value + (i === j ? add + JITTER * (size + add) : 0))));
  const white = forward(factor, y), crossed = nngpStar.map((row) => forward(factor, row));
  return { mean: crossed.map((row) => dot(row, white)),
    variance: crossed.map((row, i) => Math.max(0, prior[i] - dot(row, row))) };
}

// Gradient flow on |f - y|² / 2N, factorised once for all times and starts.
export class Flow {
  constructor(all) {
    this.all = all;
    const { values, vectors } = eigen(all.ntk), n = values.length;
    const floor = 10 * n * 2 ** -52 * Math.max(...values);
    this.values = values.map((value) => value > floor ? value : 0); // 0: never learnt
    this.vectors = vectors;
    this.projected = all.ntkStar.map((row) => vectors.map((vector) => dot(row, vector)));
  }

  // The rows of Θ* Θ⁻¹ (1 - exp(-Θ t / N)), one for each new input.
  weights(t) {
    const n = this.values.length;
    const grown = this.values.map((value) => value && -Math.expm1(-value * t / n) / value);
    return this.projected.map((row) => grown.map((_, i) =>
      row.reduce((sum, value, k) => sum + value * grown[k] * this.vectors[k][i], 0)));
  }

  // One net's curve at time t, from its outputs at time 0 at data and at new inputs.
  net(t, y, f0, f0Star) {
    const left = y.map((value, i) => value - f0[i]);
    return this.weights(t).map((row, i) => f0Star[i] + dot(row, left));
  }

  // Mean and variance over nets that start at random.
  ensemble(t, y) {
    const { nngp, nngpStar, prior } = this.all, weights = this.weights(t);
    return { mean: weights.map((row) => dot(row, y)), variance: weights.map((row, i) =>
      Math.max(0, prior[i] + row.reduce((sum, weight, j) =>
        sum + weight * (dot(row, nngp[j]) - 2 * nngpStar[i][j]), 0))) };
  }
}
