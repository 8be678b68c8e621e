// A net of one input, n sigmoid units and one output, f(x) = Σ w σ(v x + a) + b, or σ of that.
// Parameters lie as in tinynets.nets.MLP: all v, all a, all w, then b.

import { sigmoid } from "./activations.js";

export const units = (theta) => (theta.length - 1) / 3;

// What stands before the output's own function.
export function total(theta, x) {
  const n = units(theta);
  let sum = theta[3 * n];
  for (let j = 0; j < n; j++) sum += theta[2 * n + j] * sigmoid(theta[j] * x + theta[n + j]);
  return sum;
}

export const evaluate = (theta, x, squash) =>
  (squash ? sigmoid(total(theta, x)) : total(theta, x));

// The mean square error over points; writes its gradient.
export function loss(theta, xs, ys, squash, gradient) {
  const n = units(theta);
  let value = 0;
  gradient.fill(0);
  for (let k = 0; k < xs.length; k++) {
    const f = evaluate(theta, xs[k], squash), residual = f - ys[k];
    value += residual * residual / xs.length;
    const pull = 2 * residual / xs.length * (squash ? f * (1 - f) : 1);
    gradient[3 * n] += pull;
    for (let j = 0; j < n; j++) {
      const h = sigmoid(theta[j] * xs[k] + theta[n + j]);
      const back = pull * theta[2 * n + j] * h * (1 - h);
      gradient[2 * n + j] += pull * h;
      gradient[n + j] += back;
      gradient[j] += back * xs[k];
    }
  }
  return value;
}

// Adam (Kingma and Ba 2015, algorithm 1), as torch.optim.Adam: a function that makes one step.
export function adam(rate, [beta1, beta2] = [0.9, 0.999], epsilon = 1e-8) {
  let first, second, t = 0;
  return (theta, gradient) => {
    first ??= theta.map(() => 0);
    second ??= theta.map(() => 0);
    t += 1;
    for (let i = 0; i < theta.length; i++) {
      first[i] += (1 - beta1) * (gradient[i] - first[i]);
      second[i] += (1 - beta2) * (gradient[i] ** 2 - second[i]);
      const size = Math.sqrt(second[i] / (1 - beta2 ** t)) + epsilon;
      theta[i] -= rate / (1 - beta1 ** t) * first[i] / size;
    }
  };
}
