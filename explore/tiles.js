// Small images of weights or ink, and a cube seen from a corner.

// The twelve edges of the unit cube, as pairs of corners.
export const CUBE = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((i) => [1, 2, 4].filter((bit) => !(i & bit))
  .map((bit) => [i, i | bit].map((k) => [k & 1, (k >> 1) & 1, k >> 2])));

// Puts the corner of a unit cube where it is seen from azimuth 35° and elevation 22°.
export function seen([x, y, z], size) {
  const [turn, tilt] = [35 * Math.PI / 180, 22 * Math.PI / 180];
  const [a, b, c] = [x - 0.5, y - 0.5, z - 0.5];
  const across = a * Math.cos(turn) - b * Math.sin(turn);
  const away = a * Math.sin(turn) + b * Math.cos(turn);
  return [size / 2 + 0.62 * size * across,
    size / 2 - 0.62 * size * (c * Math.cos(tilt) - away * Math.sin(tilt))];
}

// Red, green and blue of a colour that the page computed.
export const channels = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map(Number);

// Draws an image of values in [-1, 1] as a tile: orange above 0, blue below, or ink alone.
export function tile(context, values, side, [x, y, size], { plus, minus, paper }) {
  const small = new OffscreenCanvas(side, side);
  const pixels = new ImageData(side, side);
  values.forEach((value, i) => {
    const share = Math.min(1, Math.abs(value)), colour = value < 0 ? minus : plus;
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = paper[c] + share * (colour[c] - paper[c]);
    pixels.data[4 * i + 3] = 255;
  });
  small.getContext("2d").putImageData(pixels, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, x, y, size, size);
}
