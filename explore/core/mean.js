// Gradient descent on the mean of some numbers: the loss is half the squared distance, averaged
// over the numbers or summed, so that its curvature is 1 or their count.

export const average = (values) => values.reduce((sum, one) => sum + one, 0) / values.length;

// Where descent is after each step, the start first.
export function descent(values, start, rate, steps, summed) {
  const path = [start], mean = average(values), curvature = summed ? values.length : 1;
  for (let i = 0; i < steps; i++) path.push(path[i] - rate * curvature * (path[i] - mean));
  return path;
}
