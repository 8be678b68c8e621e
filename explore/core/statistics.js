// What a chain says of itself.

// Effective sample size for the mean of one chain, cut in two: arviz.ess(method="mean"),
// Vehtari et al. (2021). Values is an array of numbers, of which `count` are used.
export function effectiveSampleSize(values, count = values.length) {
  const half = Math.floor(count / 2);
  if (half < 4) return NaN;
  const halves = [centred(values, 0, half), centred(values, count - half, count)];
  const covariance = (lag) => halves.reduce((sum, { away }) => sum + product(away, lag), 0) / 2;
  const meanVariance = covariance(0) * half / (half - 1);
  const between = (halves[0].mean - halves[1].mean) ** 2 / 2;
  const plus = meanVariance * (half - 1) / half + between;
  if (!(plus > 1e-15)) return count; // all equal, as arviz has it
  const rho = (lag) => 1 - (meanVariance - covariance(lag)) / plus;
  const kept = [1, rho(1)];
  let t = 1, even = 1, odd = kept[1];
  while (t < half - 3 && even + odd > 0) { // Geyer's initial positive sequence
    even = rho(t + 1);
    odd = rho(t + 2);
    if (even + odd >= 0) kept.push(even, odd);
    t += 2;
  }
  const last = t - 2;
  const tail = even > 0 ? even : kept[last + 1] ?? 0;
  if (even > 0) kept[last + 1] = even;
  for (let i = 1; i <= last - 2; i += 2) { // his initial monotone sequence
    if (kept[i + 1] + kept[i + 2] > kept[i - 1] + kept[i]) {
      kept[i + 1] = kept[i + 2] = (kept[i - 1] + kept[i]) / 2;
    }
  }
  let sum = 0;
  for (let i = 0; i <= last; i++) sum += kept[i];
  const size = 2 * half;
  const time = Math.max(-1 + 2 * sum + tail, 1 / Math.log10(size));
  return size / time;
}

function centred(values, from, to) {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i];
  const mean = sum / (to - from), away = new Float64Array(to - from);
  for (let i = from; i < to; i++) away[i - from] = values[i] - mean;
  return { mean, away };
}

function product(away, lag) {
  let sum = 0;
  for (let i = lag; i < away.length; i++) sum += away[i] * away[i - lag];
  return sum / away.length;
}
