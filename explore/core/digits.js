// A drawn digit on its way into four nets: MNIST's preprocessing, the weights
// that a page stores, and the forward pass of each net. Nothing here draws.

/** The smallest rectangle that holds all ink, or null on blank paper. */
export function boxOf(ink, width) {
  let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
  ink.forEach((value, i) => {
    if (value <= 0) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  });
  return right < 0 ? null
    : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** How much of each source pixel falls into each of `n` target pixels. */
function shares(length, n) {
  return Array.from({ length: n }, (_, i) => {
    const [from, to] = [i * length / n, (i + 1) * length / n];
    const parts = [];
    for (let j = Math.floor(from); j < Math.min(Math.ceil(to), length); j++) {
      parts.push([j, (Math.min(to, j + 1) - Math.max(from, j)) * n / length]);
    }
    return parts;
  });
}

/** Mean ink of each target pixel's area: a box filter of any ratio. */
export function resample(ink, width, box, columns, rows) {
  const across = shares(box.width, columns);
  const down = shares(box.height, rows);
  const small = new Float64Array(columns * rows);
  down.forEach((ys, row) => across.forEach((xs, column) => {
    let sum = 0;
    for (const [y, b] of ys) {
      const line = (box.top + y) * width + box.left;
      for (const [x, a] of xs) sum += a * b * ink[line + x];
    }
    small[row * columns + column] = sum;
  }));
  return small;
}

/** Index of the middle of the ink along a row (0) or down a column (1). */
function middle(small, columns, axis) {
  let [mass, sum] = [0, 0];
  small.forEach((value, i) => {
    mass += value;
    sum += value * (axis ? Math.floor(i / columns) : i % columns);
  });
  return sum / mass;
}

function paste(small, columns, rows, side, left, top) {
  const image = new Float64Array(side * side);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const [to, at] = [x + left, y + top];
      if (to >= 0 && to < side && at >= 0 && at < side) {
        image[at * side + to] = small[y * columns + x];
      }
    }
  }
  return image;
}

/**
 * Prepare a drawing as the data set's own images were prepared.
 *
 * MNIST (LeCun et al., 1998): the longer side of the ink becomes 20 pixels,
 * and its centre of mass comes to the centre of the 28 × 28 field. The 8 × 8
 * digits (Alpaydin and Kaynak, 1998) fill all 8 rows, and are centred by
 * their box.
 */
export function prepare(ink, width, side) {
  const box = boxOf(ink, width);
  if (!box) return new Float64Array(side * side);
  const length = side === 28 ? Math.max(box.width, box.height) : box.height;
  const scale = (side === 28 ? 20 : side) / length;
  const columns = Math.min(side, Math.max(1, Math.round(box.width * scale)));
  const rows = Math.max(1, Math.round(box.height * scale));
  const small = resample(ink, width, box, columns, rows);
  if (side !== 28) {
    const left = Math.round(side / 2 - 0.25 - (columns - 1) / 2);
    return paste(small, columns, rows, side, left, 0);
  }
  return paste(small, columns, rows, side,
    Math.round(14 - middle(small, columns, 0)),
    Math.round(14 - middle(small, columns, 1)));
}

/** The same drawing, only shrunk: what a naive program would feed the nets. */
export function shrink(ink, width, side) {
  const height = ink.length / width;
  return resample(ink, width, { left: 0, top: 0, width, height }, side, side);
}

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

/** Rows of an 8-bit grey PNG that was written without row filters. */
export async function greyRows(png) {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const packed = [];
  let [width, height] = [0, 0];
  for (let at = 8; at < png.length;) {
    const length = view.getUint32(at);
    const kind = String.fromCharCode(...png.subarray(at + 4, at + 8));
    const body = png.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR") {
      [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
      if (body[8] !== 8 || body[9] !== 0) throw new Error("not 8-bit grey");
    }
    if (kind === "IDAT") packed.push(body);
    at += length + 12;
  }
  const stream = new Blob(packed).stream()
    .pipeThrough(new DecompressionStream("deflate"));
  const raw = new Uint8Array(await new Response(stream).arrayBuffer());
  return Array.from({ length: height }, (_, row) => {
    const at = row * (width + 1);
    if (raw[at] !== 0) throw new Error(`row ${row} is filtered`);
    return raw.subarray(at + 1, at + 1 + width);
  });
}

/** Weights of bytes around 128, one scale per row: w = scale (byte − 128). */
export function rescaled(rows, scales) {
  return rows.map((row, i) =>
    Float64Array.from(row, (byte) => scales[i] * (byte - 128)));
}

/** W x + b for W as a list of rows. */
export function affine(weight, bias, x) {
  return weight.map((row, i) => {
    let sum = bias[i];
    for (let j = 0; j < x.length; j++) sum += row[j] * x[j];
    return sum;
  });
}

/** Wᵀ x + b: rows of W weighted by x, as a picture is made of pictures. */
export function mixture(weight, bias, x) {
  const sum = Float64Array.from(bias);
  weight.forEach((row, i) => {
    for (let j = 0; j < row.length; j++) sum[j] += x[i] * row[j];
  });
  return sum;
}

const ACTIVATIONS = {
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

/**
 * A VAE of one sheet of bytes and some small layers. The upper half of the
 * sheet are the encoder's first weights, one row per hidden unit; the lower
 * half are what each of the decoder's last hidden units draws.
 */
export function vaeOf({ first, encoder, decoder, last }, rows, scales) {
  const all = rescaled(rows, scales);
  const half = all.length / 2;
  const silu = (x) => x.map(ACTIVATIONS.silu);
  const [up, down] = [encoder.map(layerOf), decoder.map(layerOf)];
  const [firstBias, lastBias] = [first, last].map((text) => halves(bytesOf(text)));
  const latents = up[up.length - 1].bias.length / 2;
  return {
    encode(x) {
      const hidden = silu(affine(all.slice(0, half), firstBias, x));
      return outputs(up, hidden).pop().slice(0, latents);
    },
    decode(z) {
      const hidden = outputs(down, Float64Array.from(z)).pop();
      return mixture(all.slice(half), lastBias, hidden).map(ACTIVATIONS.sigmoid);
    },
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

/** Side of the paper that a reader draws on, in its own pixels: 4 × 28, 14 × 8. */
export const PAPER = 112;
const [PEN, RUBBER] = [4.5, 7]; // radii

/** Ink along a line, or its removal; a soft edge of one pixel. */
export function draw(ink, from, to, rubs) {
  const radius = rubs ? RUBBER : PEN;
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = dx * dx + dy * dy;
  const low = (axis) => Math.max(0, Math.floor(Math.min(from[axis], to[axis]) - radius - 1));
  const high = (axis) => Math.min(PAPER - 1, Math.ceil(Math.max(from[axis], to[axis]) + radius + 1));
  for (let y = low(1); y <= high(1); y++) {
    for (let x = low(0); x <= high(0); x++) {
      const along = length === 0 ? 0
        : Math.min(1, Math.max(0, ((x - from[0]) * dx + (y - from[1]) * dy) / length));
      const away = Math.hypot(x - from[0] - along * dx, y - from[1] - along * dy);
      const wet = Math.min(1, Math.max(0, radius + 0.5 - away));
      const at = y * PAPER + x;
      ink[at] = rubs ? Math.min(ink[at], 1 - wet) : Math.max(ink[at], wet);
    }
  }
}

/** The paper after a row of points [x, y, how]: 0 lifts the pen, 1 draws, 2 rubs out. */
export function inked(points, start) {
  const ink = Float64Array.from(start);
  points.forEach(([x, y, how], i) => {
    const before = points[i - 1];
    if (how === 0) return;
    draw(ink, before ? before.slice(0, 2) : [x, y], [x, y], how === 2);
  });
  return ink;
}

/** A square image on the paper, each of its pixels a square of paper pixels. */
export function enlarged(image, side) {
  const times = PAPER / side;
  return Float64Array.from({ length: PAPER * PAPER }, (_, i) =>
    image[Math.floor(Math.floor(i / PAPER) / times) * side + Math.floor((i % PAPER) / times)]);
}
