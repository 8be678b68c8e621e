// HMC by many chains with a fault planted, and the checks that may or may not see it. Chains
// start at exact draws of a banana, so what is wrong is the sampler's doing.

import { acceptance, ahead, evaluate, kinetic, leapfrog, normals } from "./samplers.js";
import { banana } from "./targets.js";

export const CHAINS = 64;
export const MOST = 1500; // draws of each chain: then a trial is over
const TRUTH = [0, 0, null, 1, 1]; // means and squares of two standard normals

export const FAULTS = ["none", "accept", "sign", "momentum", "drop", "kick", "gradient"];

// Above what a check raises the alarm. moments, energy: standard errors; rhat; back: distance;
// order: distance of the exponent from 2.
export const LIMITS = { moments: 5, energy: 5, rhat: 1.1, back: 1e-6, order: 0.2 };

// One draw with a fault: where the chain is, its momentum, and whether the draw is written down.
export function draw(target, chain, { step, leapfrogs, fault }, random) {
  const p = fault === "momentum" && chain.p ? chain.p : normals(random, 2);
  let [end, q] = [p, chain.state];
  for (let i = 0; i < leapfrogs; i++) [q, end] = kicks(target, q, end, step, fault, i + 1 === leapfrogs);
  const error = kinetic(end) - q.value - (kinetic(p) - chain.state.value);
  const probability = { accept: Number.isFinite(error) ? 1 : 0, sign: acceptance(-error) }[fault]
    ?? acceptance(error);
  const accepted = random.uniform() < probability;
  return { state: accepted ? q : chain.state, p: accepted ? end : p.map((one) => -one),
    error, kept: accepted || fault !== "drop" };
}

function kicks(target, state, p, step, fault, last) {
  if (fault !== "kick" || !last) return leapfrog(target, state, p, step);
  const half = ahead(p, 0.5 * step, state.gradient); // and the last half kick is forgotten
  return [evaluate(target, ahead(state.q, step, half)), half];
}

export class Trial {
  constructor({ bend, width }, settings, random) {
    this.shape = { bend, width };
    const right = banana({ bend, width });
    this.target = settings.fault !== "gradient" ? right : (q, gradient) => {
      const value = right(q, gradient);
      gradient[0] *= 0.9;
      return value;
    };
    this.settings = settings;
    this.random = random;
    this.chains = Array.from({ length: CHAINS }, () => {
      const [z, w] = normals(random, 2), first = width * z;
      const q = Float64Array.of(first, w + bend * (first ** 2 - width ** 2));
      return { state: evaluate(this.target, q), p: null, n: 0, looks: 0, surplus: 0,
        sums: new Float64Array(6) };
    });
    this.draws = 0; // each chain's
    this.alarms = {}; // check → draws of all chains when it first saw something
    this.values = { moments: null, energy: null, rhat: null, ...this.atOnce() };
    this.judge();
  }

  // One draw of every chain; false when the trial is over.
  step() {
    if (this.draws === MOST) return false;
    for (const chain of this.chains) {
      const made = draw(this.target, chain, this.settings, this.random);
      [chain.state, chain.p] = [made.state, made.p];
      chain.looks += 1;
      chain.surplus += acceptance(made.error) - (made.error < 0 ? 2 : 0);
      if (!made.kept) continue;
      const [x, y] = this.straight(made.state.q);
      chain.n += 1;
      const { value } = made.state;
      [x, y, value, x * x, y * y, value * value].forEach((one, i) => { chain.sums[i] += one; });
    }
    this.draws += 1;
    if (this.draws % 10 === 0) this.look();
    return this.draws < MOST;
  }

  // Coordinates in which the banana is a standard normal.
  straight([x, y]) {
    const { bend, width } = this.shape;
    return [x / width, y - bend * (x * x - width * width)];
  }

  look() {
    const means = TRUTH.map((_, i) => this.chains.map(({ sums, n }) => sums[i] / n));
    this.values.moments = Math.max(...means.map((of, i) =>
      TRUTH[i] === null ? 0 : Math.abs(distance(of, TRUTH[i]))));
    this.values.energy = Math.abs(distance(this.chains.map((c) => c.surplus / c.looks), 0));
    if (this.draws >= 200) { // of coordinates and log density: total variance over that within
      const spreads = [0, 1, 2].map((i) => {
        const within = average(this.chains.map(({ sums, n }, c) =>
          (sums[i + 3] - n * means[i][c] ** 2) / (n - 1)));
        return Math.sqrt((this.draws - 1) / this.draws + variance(means[i]) / within);
      });
      this.values.rhat = Math.max(...spreads);
    }
    this.judge();
  }

  judge() {
    for (const [check, limit] of Object.entries(LIMITS)) {
      const value = this.values[check]; // what is not a number has run away
      if (value !== null && !(value <= limit)) this.alarms[check] ??= this.draws * CHAINS;
    }
  }

  // What needs no draws: does a path lead back, and does its error fall with the step squared?
  atOnce() {
    const { step, leapfrogs, fault } = this.settings;
    const path = (state, p, size, count) => {
      for (let i = 0; i < count; i++) [state, p] = kicks(this.target, state, p, size, fault, i + 1 === count);
      return [state, p];
    };
    const squares = [0, 0];
    let back = 0;
    for (const { state } of this.chains) {
      const p = normals(this.random, 2);
      const [far, end] = path(state, p, step, leapfrogs);
      const [home] = path(far, end.map((one) => -one), step, leapfrogs);
      back = Math.max(back, ...home.q.map((one, i) => Math.abs(one - state.q[i])));
      [0.04, 0.02].forEach((size, i) => {
        const [at, last] = path(state, p, size, Math.round(1.2 / size));
        squares[i] += (kinetic(last) - at.value - kinetic(p) + state.value) ** 2;
      });
    }
    return { back, order: Math.abs(Math.log2(squares[0] / squares[1]) / 2 - 2) };
  }
}

const average = (values) => values.reduce((sum, one) => sum + one, 0) / values.length;

function variance(values) {
  const mean = average(values);
  return values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (values.length - 1);
}

// How far the mean of independent values is from what it should be, in standard errors.
function distance(values, expected) {
  return (average(values) - expected) / Math.sqrt(variance(values) / values.length);
}
