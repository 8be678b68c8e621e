// A drawing on its way into a net: ink on paper, and the preprocessing of MNIST.

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

/** Side of the paper that a reader draws on, in its own pixels: 4 × 28, 14 × 8. */
export const PAPER = 112;
const RADIUS = { pen: 4.5, rubber: 7 };

/** Ink along a line, or its removal; a soft edge of one pixel. */
export function draw(ink, from, to, rubs) {
  const radius = rubs ? RADIUS.rubber : RADIUS.pen;
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
