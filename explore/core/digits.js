// Nets of a page's digits: the weights that it stores, and the forward pass.

/** Bytes of a base64 text. */
export function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** Numbers of little-endian IEEE half precision. */
export function halves(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: bytes.byteLength / 2 }, (_, i) => {
    const bits = view.getUint16(2 * i, true);
    const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
    const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15)
      : fraction * 2 ** -24;
    return bits >> 15 ? -size : size;
  });
}

/** W x + b for W as a list of rows. */
export function affine(weight, bias, x) {
  return weight.map((row, i) => {
    let sum = bias[i];
    for (let j = 0; j < x.length; j++) sum += row[j] * x[j];
    return sum;
  });
}

export const ACTIVATIONS = {
  identity: (z) => z,
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
  silu: (z) => z / (1 + Math.exp(-z)),
};

/** What each layer puts out, for layers `{weight, bias, activation}`. */
export function outputs(layers, x) {
  const all = [];
  for (const { weight, bias, activation } of layers) {
    x = affine(weight, bias, x).map(ACTIVATIONS[activation]);
    all.push(x);
  }
  return all;
}

/** A layer as the page stores it: half precision in base64. */
export function layerOf({ inputs, weight, bias, activation }) {
  const values = halves(bytesOf(weight));
  return {
    activation,
    bias: halves(bytesOf(bias)),
    weight: Array.from({ length: values.length / inputs }, (_, i) =>
      values.subarray(inputs * i, inputs * (i + 1))),
  };
}

export function softmax(logits) {
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** The index of the largest. */
export function argmax(values) {
  return values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
}
