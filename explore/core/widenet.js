// A finite net in NTK parameterisation, as tinynets.lazy.ScaledMLP: of one input and one output,
// z = W_std / √n · W x + b_std · b with standard normal W and b, trained by gradient descent.

// erf by its series of positive terms: Abramowitz and Stegun (1964), 7.1.6.
export function erf(x) {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) sum += term *= 2 * x * x / (2 * n + 1);
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
}

const ACTIVATIONS = { // the function and its slope
  relu: [(z) => z > 0 ? z : 0, (z) => z > 0 ? 1 : 0],
  erf: [erf, (z) => 2 / Math.sqrt(Math.PI) * Math.exp(-z * z)],
};

// `net` is { depth, width, activation, W_std, b_std }; each layer has its weights (out × in, row by
// row) and its biases, both Float64Array.
export function draw(net, random) {
  const sizes = [1, ...Array(net.depth).fill(net.width), 1];
  return sizes.slice(1).map((out, l) => ({
    weight: Float64Array.from({ length: out * sizes[l] }, random.normal),
    bias: Float64Array.from({ length: out }, random.normal),
  }));
}

// What goes into each layer, and its sums, for inputs x; rows are inputs.
function pass(net, layers, x) {
  const [f] = ACTIVATIONS[net.activation], ins = [Float64Array.from(x)], sums = [];
  layers.forEach(({ weight, bias }, l) => {
    const n_out = bias.length, n_in = weight.length / n_out, h = ins[l];
    const z = new Float64Array(x.length * n_out), scale = net.W_std / Math.sqrt(n_in);
    for (let i = 0; i < x.length; i++) for (let o = 0; o < n_out; o++) {
      let sum = 0;
      for (let k = 0, w = o * n_in, at = i * n_in; k < n_in; k++) sum += weight[w + k] * h[at + k];
      z[i * n_out + o] = scale * sum + net.b_std * bias[o];
    }
    sums.push(z);
    if (l < layers.length - 1) ins.push(z.map(f));
  });
  return { ins, sums };
}

export const outputs = (net, layers, x) => pass(net, layers, x).sums.at(-1);

// Σ pull_i ∇f(x_i), in the shape of the layers; `pulls` makes the pulls from the outputs.
export function gradient(net, layers, x, pulls) {
  const { ins, sums } = pass(net, layers, x), [, slope] = ACTIVATIONS[net.activation];
  const found = layers.map(({ weight, bias }) => ({ weight: new Float64Array(weight.length),
    bias: new Float64Array(bias.length) }));
  let back = Float64Array.from(pulls(sums.at(-1)));
  for (let l = layers.length - 1; l >= 0; l--) {
    const { weight, bias } = layers[l], n_out = bias.length, n_in = weight.length / n_out;
    const scale = net.W_std / Math.sqrt(n_in), before = new Float64Array(x.length * n_in);
    const to = found[l].weight, h = ins[l];
    for (let o = 0; o < n_out; o++) for (let i = 0; i < x.length; i++) {
      const pull = back[i * n_out + o], scaled = scale * pull, w = o * n_in, at = i * n_in;
      if (pull === 0) continue;
      found[l].bias[o] += net.b_std * pull;
      for (let k = 0; k < n_in; k++) {
        to[w + k] += scaled * h[at + k];
        before[at + k] += scaled * weight[w + k];
      }
    }
    if (l > 0) back = before.map((value, i) => value * slope(sums[l - 1][i]));
  }
  return found;
}

const each = (one, other, change) => one.forEach((layer, l) => {
  for (const part of ["weight", "bias"]) change(layer[part], other[l][part]);
});

// A step of full-batch gradient descent on |f - y|² / 2N, in place.
export function descend(net, layers, x, y, rate) {
  const found = gradient(net, layers, x, (f) => f.map((value, i) => (value - y[i]) / y.length));
  each(layers, found, (to, by) => { for (let i = 0; i < to.length; i++) to[i] -= rate * by[i]; });
}

// The trace of the net's own NTK at x. Its largest eigenvalue is below that, so descent with the
// rate N / trace is stable, at half of the largest rate or less.
export function trace(net, layers, x) {
  let sum = 0;
  for (const one of x) each(gradient(net, layers, [one], () => [1]), layers, (by) => {
    for (const value of by) sum += value * value;
  });
  return sum;
}
