// Gaussians of the plane as ellipses that hold half of them, and what lies between two sets.

const HALF = Math.sqrt(2 * Math.log(2)); // standard deviations

export function ellipse(mean, [[a, b], [, d]]) {
  const middle = (a + d) / 2, away = Math.hypot((a - d) / 2, b);
  return { mean, axes: [middle + away, Math.max(middle - away, 0)].map((v) => HALF * Math.sqrt(v)),
    angle: Math.atan2(2 * b, a - d) / 2 };
}

// For β between two of the trained: means and covariances in proportion to its logarithm.
export function between(betas, means, covariances, beta) {
  let i = betas.findIndex((one) => one >= beta);
  i = Math.min(Math.max(i, 1), betas.length - 1);
  const [low, high] = [betas[i - 1], betas[i]].map(Math.log);
  const share = Math.min(Math.max((Math.log(beta) - low) / (high - low), 0), 1);
  const mix = (a, b) => Array.isArray(a) ? a.map((one, k) => mix(one, b[k])) : a + share * (b - a);
  return means[i].map((mean, k) =>
    ellipse(mix(means[i - 1][k], mean), mix(covariances[i - 1][k], covariances[i][k])));
}
