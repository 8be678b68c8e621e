// A variational autoencoder of a page: its large weights are the grey values of a picture.

import { ACTIVATIONS, affine, bytesOf, halves, layerOf, outputs } from "./digits.js";

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

/** Wᵀ x + b: rows of W weighted by x, as a picture is made of pictures. */
export function mixture(weight, bias, x) {
  const sum = Float64Array.from(bias);
  weight.forEach((row, i) => {
    for (let j = 0; j < row.length; j++) sum[j] += x[i] * row[j];
  });
  return sum;
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
