// A finite net in NTK parameterisation, as tinynets.lazy.ScaledMLP: of one input and one output,
// z = W_std / √n · W x + b_std · b with standard normal W and b, trained by gradient descent.

const slope = (x) => 2 / Math.sqrt(Math.PI) * Math.exp(-x * x); // of erf

// erf by Taylor polynomials at nodes: erf'' = -2x erf' gives each coefficient from the two before
// it, and between two nodes their polynomials meet.
const NODES = 32, ORDER = 8; // nodes a unit, coefficients a node
const TAYLOR = new Float64Array((6 * NODES + 1) * ORDER);
const polynomial = (i, h) => {
  let sum = 0;
  for (let k = ORDER - 1; k >= 0; k--) sum = sum * h + TAYLOR[i * ORDER + k];
  return sum;
};
for (let i = 0; i <= 6 * NODES; i++) {
  const at = i / NODES, c = [0, slope(at)], half = 0.5 / NODES;
  for (let n = 1; n < ORDER - 1; n++) {
    c.push(-2 * (at * n * c[n] + (n > 1 ? (n - 1) * c[n - 1] : 0)) / (n * (n + 1)));
  }
  TAYLOR.set(c, i * ORDER);
  if (i) TAYLOR[i * ORDER] = polynomial(i - 1, half) - polynomial(i, -half);
}

export function erf(x) {
  const size = Math.abs(x);
  if (size >= 6) return Math.sign(x);
  const i = size * NODES + 0.5 | 0;
  return Math.sign(x) * polynomial(i, size - i / NODES);
}

const ACTIVATIONS = { // the function and its slope
  relu: [(z) => z > 0 ? z : 0, (z) => z > 0 ? 1 : 0],
  erf: [erf, slope],
};

// `net` is { depth, width, activation, W_std, b_std }; each layer has its weights (out × in, row by
// row) and its biases, both Float64Array.
export function draw(net, random) {
  const sizes = [1, ...Array(net.depth).fill(net.width), 1];
  const normals = (count) => new Float64Array(count).map(random.normal);
  return sizes.slice(1).map((out, l) => ({ weight: normals(out * sizes[l]), bias: normals(out) }));
}

// What goes into each layer, and its sums, for inputs x; rows are inputs.
function pass(net, layers, x) {
  const [f] = ACTIVATIONS[net.activation], ins = [Float64Array.from(x)], sums = [];
  layers.forEach(({ weight, bias }, l) => {
    const n_out = bias.length, n_in = weight.length / n_out, h = ins[l];
    const z = new Float64Array(x.length * n_out), scale = net.W_std / Math.sqrt(n_in);
    for (let o = 0; o < n_out; o++) for (let i = 0; i < x.length; i++) {
      let sum = 0;
      for (let k = 0, w = o * n_in, at = i * n_in; k < n_in; k++) sum += weight[w + k] * h[at + k];
      z[i * n_out + o] = scale * sum + net.b_std * bias[o];
    }
    sums.push(z);
    if (l === layers.length - 1) return;
    ins.push(new Float64Array(z.length));
    for (let i = 0; i < z.length; i++) ins[l + 1][i] = f(z[i]);
  });
  return { ins, sums };
}

export const outputs = (net, layers, x) => pass(net, layers, x).sums.at(-1);

// The derivatives of Σ pull_i f(x_i) by each layer's sums, with what goes into each layer; `pulls`
// makes the pulls from the outputs.
function backward(net, layers, x, pulls) {
  const { ins, sums } = pass(net, layers, x), [, slopeOf] = ACTIVATIONS[net.activation];
  const deltas = [Float64Array.from(pulls(sums.at(-1)))];
  for (let l = layers.length - 1; l > 0; l--) {
    const { weight, bias } = layers[l], n_out = bias.length, n_in = weight.length / n_out;
    const scale = net.W_std / Math.sqrt(n_in), delta = deltas[0], before = new Float64Array(ins[l].length);
    for (let o = 0; o < n_out; o++) for (let i = 0; i < x.length; i++) {
      const scaled = scale * delta[i * n_out + o];
      if (scaled) for (let k = 0, w = o * n_in, at = i * n_in; k < n_in; k++) {
        before[at + k] += scaled * weight[w + k];
      }
    }
    for (let i = 0; i < before.length; i++) before[i] *= slopeOf(sums[l - 1][i]);
    deltas.unshift(before);
  }
  return { ins, deltas };
}

// A step of full-batch gradient descent on |f - y|² / 2N, in place.
export function descend(net, layers, x, y, rate) {
  const { ins, deltas } = backward(net, layers, x,
    (f) => f.map((value, i) => rate * (y[i] - value) / y.length));
  layers.forEach(({ weight, bias }, l) => {
    const n_out = bias.length, n_in = weight.length / n_out, h = ins[l];
    const scale = net.W_std / Math.sqrt(n_in);
    for (let o = 0; o < n_out; o++) for (let i = 0; i < x.length; i++) {
      const pull = deltas[l][i * n_out + o], scaled = scale * pull;
      bias[o] += net.b_std * pull;
      if (pull) for (let k = 0, w = o * n_in, at = i * n_in; k < n_in; k++) {
        weight[w + k] += scaled * h[at + k];
      }
    }
  });
}

// The trace of the net's own NTK at x. Its largest eigenvalue is below that, so descent with the
// rate N / trace is stable, at half of the largest rate or less.
export function trace(net, layers, x) {
  const { ins, deltas } = backward(net, layers, x, (f) => f.fill(1)); // each row of its own input
  const squares = (values) => values.reduce((sum, value) => sum + value * value, 0);
  let sum = 0;
  deltas.forEach((delta, l) => {
    const n_in = ins[l].length / x.length, n_out = delta.length / x.length;
    for (let i = 0; i < x.length; i++) {
      const of = squares(delta.subarray(i * n_out, (i + 1) * n_out));
      const into = squares(ins[l].subarray(i * n_in, (i + 1) * n_in));
      sum += of * (net.W_std ** 2 / n_in * into + net.b_std ** 2);
    }
  });
  return sum;
}
