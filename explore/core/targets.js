// Log densities in the plane with their gradients: target(q, gradient) gives the value and
// writes the gradient. The same as in tinynets.targets, constants included.

const LOG_2PI = Math.log(2 * Math.PI);

export function gaussian({ mean, covariance }) {
  const [[a, b], [, c]] = covariance, determinant = a * c - b * b;
  const constant = 0.5 * Math.log(determinant) + LOG_2PI;
  return (q, gradient) => {
    const x = q[0] - mean[0], y = q[1] - mean[1];
    gradient[0] = -(c * x - b * y) / determinant;
    gradient[1] = -(a * y - b * x) / determinant;
    return 0.5 * (x * gradient[0] + y * gradient[1]) - constant;
  };
}

export function banana({ bend, width }) {
  const constant = Math.log(width) + LOG_2PI;
  return (q, gradient) => {
    const straight = q[1] - bend * (q[0] ** 2 - width ** 2);
    gradient[0] = -q[0] / width ** 2 + 2 * bend * q[0] * straight;
    gradient[1] = -straight;
    return -0.5 * ((q[0] / width) ** 2 + straight ** 2) - constant;
  };
}

export function funnel({ neck_std: neck }) {
  const constant = Math.log(neck) + LOG_2PI;
  return (q, gradient) => {
    const square = q[1] ** 2 * Math.exp(-q[0]);
    gradient[0] = -q[0] / neck ** 2 + 0.5 * square - 0.5;
    gradient[1] = -q[1] * Math.exp(-q[0]);
    return -0.5 * ((q[0] / neck) ** 2 + square + q[0]) - constant;
  };
}

export function mixture({ weights, means, stds }) {
  const constants = weights.map((w, i) => Math.log(w) - 2 * Math.log(stds[i]) - LOG_2PI);
  const logs = new Float64Array(weights.length);
  return (q, gradient) => {
    let top = -Infinity;
    for (let i = 0; i < logs.length; i++) {
      const x = (q[0] - means[i][0]) / stds[i], y = (q[1] - means[i][1]) / stds[i];
      logs[i] = constants[i] - 0.5 * (x * x + y * y);
      top = Math.max(top, logs[i]);
    }
    let total = 0, right = 0, up = 0;
    for (let i = 0; i < logs.length; i++) {
      const share = Math.exp(logs[i] - top);
      total += share;
      right += share * (means[i][0] - q[0]) / stds[i] ** 2;
      up += share * (means[i][1] - q[1]) / stds[i] ** 2;
    }
    gradient[0] = right / total;
    gradient[1] = up / total;
    return top + Math.log(total);
  };
}

const KINDS = { gaussian, banana, funnel, mixture };

export const makeTarget = ({ kind, ...settings }) => KINDS[kind](settings);
