// Eight activation functions and their slopes: those of tinynets.nets.ACTIVATIONS, by their names.

const ALPHA = 1.6732632423543772, LAMBDA = 1.0507009873554805; // SELU

export const sigmoid = (z) => 1 / (1 + Math.exp(-z));

// The normal distribution function: a series of positive terms (Abramowitz and Stegun, 26.2.11).
function phi(z) {
  if (Math.abs(z) > 8.5) return z > 0 ? 1 : 0;
  let term = z, sum = z;
  for (let n = 3; Math.abs(term) > 1e-17 * Math.abs(sum); n += 2) {
    term *= z * z / n;
    sum += term;
  }
  return 0.5 + sum * density(z);
}

const density = (z) => Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);

// Each name has [value, slope].
export const ACTIVATIONS = {
  sigmoid: [sigmoid, (z) => sigmoid(z) * sigmoid(-z)],
  tanh: [Math.tanh, (z) => 1 - Math.tanh(z) ** 2],
  relu: [(z) => Math.max(0, z), (z) => (z > 0 ? 1 : 0)],
  elu: [(z) => (z > 0 ? z : Math.expm1(z)), (z) => (z > 0 ? 1 : Math.exp(z))],
  selu: [(z) => LAMBDA * (z > 0 ? z : ALPHA * Math.expm1(z)),
    (z) => LAMBDA * (z > 0 ? 1 : ALPHA * Math.exp(z))],
  softplus: [(z) => Math.max(0, z) + Math.log1p(Math.exp(-Math.abs(z))), sigmoid],
  silu: [(z) => z * sigmoid(z), (z) => sigmoid(z) * (1 + z * sigmoid(-z))],
  gelu: [(z) => z * phi(z), (z) => phi(z) + z * density(z)],
};

// One neuron over inputs: z = w x + b, its output, and the slope of the activation at z.
export function neuron(name, { w, b }, xs) {
  const [value, slope] = ACTIVATIONS[name], z = xs.map((x) => w * x + b);
  return { z, output: z.map(value), slope: z.map(slope) };
}

// The share of inputs at which the slope is small: where an error teaches hardly anything.
export const saturated = (slopes, limit) =>
  slopes.filter((slope) => Math.abs(slope) < limit).length / slopes.length;
