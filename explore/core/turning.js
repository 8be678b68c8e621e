// Points in a cube as they are seen from a side, without perspective; degrees.

export function turning(turn, tilt) {
  const [a, b] = [turn, tilt].map((degrees) => degrees * Math.PI / 180);
  const [ct, st, cb, sb] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b)];
  return (x, y, z) => {
    const away = x * st + y * ct;
    return [x * ct - y * st, z * cb + away * sb, z * sb - away * cb]; // right, up, near
  };
}

// Where a drag of so many pixels takes turn and tilt.
export function dragged([turn, tilt], right, down, perPixel = 0.6) {
  const wrap = (degrees) => ((degrees + 180) % 360 + 360) % 360 - 180;
  return [wrap(Math.round(turn + perPixel * right)),
    Math.min(90, Math.max(-90, Math.round(tilt + perPixel * down)))];
}
