// A chain with all that a figure shows of it: draws, histogram, energy errors, effective draws.

import { evaluate } from "./samplers.js";
import { effectiveSampleSize } from "./statistics.js";
import { makeTarget } from "./targets.js";

export const MOST = 10000; // draws that are kept: then a chain is done
const RECENT = 64; // energy errors shown

export class Chain {
  // Bins are for the first coordinate, evenly over its range [low, high].
  constructor({ target, start, range, bins = 48 }) {
    this.density = makeTarget(target);
    this.range = range;
    this.start = start;
    this.kept = [new Float64Array(MOST), new Float64Array(MOST)];
    this.bins = new Float64Array(bins);
    this.restart();
  }

  restart() {
    this.state = evaluate(this.density, Float64Array.from(this.start));
    this.clear();
  }

  // Forgets the draws but stays where it is: they were another sampler's.
  clear() {
    this.count = this.gradients = this.refused = this.diverged = 0;
    this.bins.fill(0);
    this.errors = [];
    this.info = null;
    this.size = { at: -1, worst: NaN };
  }

  // One draw of a sampler of samplers.js; false when the chain is done.
  step(sampler, settings, random) {
    if (this.count === MOST) return false;
    [this.state, this.info] = sampler(this.density, this.state, settings, random);
    const { q } = this.state, { info } = this;
    this.kept.forEach((values, axis) => { values[this.count] = q[axis]; });
    this.count += 1;
    this.gradients += info.gradients;
    this.refused += info.accepted ? 0 : 1;
    this.diverged += info.divergent ? 1 : 0;
    const [low, high] = this.range;
    const bin = Math.floor((q[0] - low) / (high - low) * this.bins.length);
    if (bin >= 0 && bin < this.bins.length) this.bins[bin] += 1;
    this.errors.push({ error: info.energyError, accepted: info.accepted });
    if (this.errors.length > RECENT) this.errors.shift();
    return this.count < MOST;
  }

  // Effective draws of the coordinate that has fewest.
  get effective() {
    if (this.size.at !== this.count) {
      const sizes = this.kept.map((values) => effectiveSampleSize(values, this.count));
      const moved = this.count - this.refused; // a place that is counted again is no new draw
      this.size = { at: this.count, worst: Math.min(...sizes, moved) };
    }
    return this.size.worst;
  }
}
