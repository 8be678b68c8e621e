// Images stored as one character a pixel, and the image between four of a grid.

export const INKS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
const LEVEL = new Map([...INKS].map((ink, level) => [ink, level / (INKS.length - 1)]));

export const decode = (inks) => Float64Array.from(inks, (ink) => LEVEL.get(ink));

// The image at (x, y) of a grid over [-limit, limit]², first axis x: bilinear between knots.
export function blend(tiles, limit, x, y) {
  const n = tiles.length, place = (value) => {
    const at = Math.min(Math.max((value + limit) / (2 * limit), 0), 1) * (n - 1);
    const knot = Math.min(Math.floor(at), n - 2);
    return [knot, at - knot];
  };
  const [[i, a], [j, b]] = [place(x), place(y)];
  const [p, q, r, s] = [tiles[i][j], tiles[i][j + 1], tiles[i + 1][j], tiles[i + 1][j + 1]];
  return p.map((value, k) => (1 - a) * ((1 - b) * value + b * q[k]) + a * ((1 - b) * r[k] + b * s[k]));
}

export function nearestOf(points, x, y, count) {
  return points.map(([a, b], i) => [(a - x) ** 2 + (b - y) ** 2, i])
    .sort((one, other) => one[0] - other[0]).slice(0, count).map(([, i]) => i);
}
