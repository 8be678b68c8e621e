// A net of one input, n ReLU units and one output, f(x) = Σ a max(0, w x + b) + c. Parameters lie
// as in tinynets.nets.MLP: all w, all b, all a, then c.

const LOG_2PI = Math.log(2 * Math.PI);

export const units = (theta) => (theta.length - 1) / 3;

export function evaluateAt(theta, x) {
  const n = units(theta);
  let sum = theta[3 * n];
  for (let j = 0; j < n; j++) sum += theta[2 * n + j] * Math.max(0, theta[j] * x + theta[n + j]);
  return sum;
}

export const curve = (theta, xs) => xs.map((x) => evaluateAt(theta, x));

// Where each unit switches, and on which side (1 right, -1 left) it is on.
export function corners(theta) {
  const n = units(theta);
  return Array.from({ length: n }, (_, j) =>
    ({ x: -theta[n + j] / theta[j], side: Math.sign(theta[j]) }));
}

// The log posterior with a normal prior and normal noise, and its gradient: tinynets.bnn.Posterior.
export function posterior({ x, y, noise_std: noise, prior_std: prior }) {
  const constant = prior.reduce((sum, std) => sum - Math.log(std) - 0.5 * LOG_2PI, 0) -
    x.length * (Math.log(noise) + 0.5 * LOG_2PI);
  return (theta, gradient) => {
    const n = units(theta);
    let value = constant;
    for (let i = 0; i < theta.length; i++) {
      const scaled = theta[i] / prior[i];
      value -= 0.5 * scaled * scaled;
      gradient[i] = -scaled / prior[i];
    }
    for (let k = 0; k < x.length; k++) {
      const residual = (y[k] - evaluateAt(theta, x[k])) / noise, pull = residual / noise;
      value -= 0.5 * residual * residual;
      gradient[3 * n] += pull;
      for (let j = 0; j < n; j++) {
        const z = theta[j] * x[k] + theta[n + j];
        if (z <= 0) continue;
        gradient[2 * n + j] += pull * z;
        gradient[n + j] += pull * theta[2 * n + j];
        gradient[j] += pull * theta[2 * n + j] * x[k];
      }
    }
    return value;
  };
}

// What leaves f as it is.

export function swapped(theta, i, j) {
  const n = units(theta), next = [...theta];
  for (const row of [0, n, 2 * n]) [next[row + i], next[row + j]] = [theta[row + j], theta[row + i]];
  return next;
}

export function rescaled(theta, j, factor) { // a · ReLU(z) = (a / α) · ReLU(α z) for α > 0
  const n = units(theta), next = [...theta];
  next[j] *= factor;
  next[n + j] *= factor;
  next[2 * n + j] /= factor;
  return next;
}

// The net without unit j. On [low, high] f stays as it is where another can take over its part:
// nobody if j is off everywhere there, a unit that bends at the same place to the same side, or,
// if j is on everywhere, another that is. Else `whole` is false and f loses j's part.
export function removed(theta, j, low, high) {
  const n = units(theta), next = [...theta];
  const state = (k) => {
    const ends = [low, high].map((x) => theta[k] * x + theta[n + k]);
    return Math.max(...ends) <= 0 ? "off" : Math.min(...ends) >= 0 ? "on" : "bends";
  };
  const others = [...Array(n).keys()].filter((k) => k !== j);
  const place = corners(theta), mine = state(j);
  let whole = mine === "off";
  const twin = others.find((k) => mine === "bends" && state(k) === "bends" &&
    place[k].side === place[j].side && Math.abs(place[k].x - place[j].x) < 1e-9);
  const straight = others.find((k) => mine === "on" && state(k) === "on" && theta[2 * n + k] !== 0);
  if (twin !== undefined) { // both are multiples of the same ramp
    next[2 * n + twin] += theta[2 * n + j] * theta[j] / theta[twin];
    whole = true;
  } else if (straight !== undefined) { // slope into the other's weight, the rest into c
    const slope = theta[2 * n + j] * theta[j] / theta[straight];
    next[2 * n + straight] += slope;
    next[3 * n] += theta[2 * n + j] * theta[n + j] - slope * theta[n + straight];
    whole = true;
  }
  return { theta: next.filter((_, i) => i === 3 * n || i % n !== j), whole };
}
