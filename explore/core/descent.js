// Paths of one optimiser from some starts, and where they end.

import { begin, step } from "./optimisers.js";

export const MOST = 500; // steps of a path: then it is done
const FAR = 1e6; // what is farther away has run off

export class Descent {
  constructor(landscape, starts) {
    this.landscape = landscape;
    this.gradient = [0, 0];
    this.count = 0;
    this.paths = starts.map((q) => {
      const path = { state: begin(q), places: new Float64Array(2 * MOST + 2), loss: NaN, left: 0 };
      this.keep(path);
      return path;
    });
  }

  keep(path) {
    const { q } = path.state;
    path.places.set(q, 2 * this.count);
    path.loss = this.landscape(q, this.gradient);
    if (!path.left && !(Math.hypot(...q) < FAR)) path.left = this.count; // when it ran off
  }

  // One step of every path on these examples, or on all; false when all is done.
  step(optimiser, rate, rows) {
    if (this.count === MOST) return false;
    this.count += 1;
    for (const path of this.paths) {
      if (path.left) continue;
      this.landscape(path.state.q, this.gradient, rows);
      path.state = step(optimiser, path.state, this.gradient, rate);
      this.keep(path);
    }
    return this.count < MOST && this.paths.some(({ left }) => !left);
  }

  // How many paths are near each minimum now; those near none come last.
  ends(minima, within = 0.15) {
    const counts = [...minima, 0].fill(0);
    for (const { state: { q }, left } of this.paths) {
      const at = left ? -1 : minima.findIndex(([x, y]) => Math.hypot(q[0] - x, q[1] - y) < within);
      counts[at < 0 ? minima.length : at] += 1;
    }
    return counts;
  }
}
