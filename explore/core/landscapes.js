// Losses of two weights with their gradients: landscape(q, gradient, rows) gives the mean loss of
// the examples in `rows` (all, if there are none) and writes its gradient. As tinynets.landscapes.

// A shape on which each example tilts the ground its own way; all tilts together cancel.
function tilted(shape, tilts) {
  return (q, gradient, rows) => {
    let value = shape(q, gradient);
    for (const row of rows ?? []) {
      const [right, up] = tilts[row];
      value += (right * q[0] + up * q[1]) / rows.length;
      gradient[0] += right / rows.length;
      gradient[1] += up / rows.length;
    }
    return value;
  };
}

const SHAPES = {
  quadratic: ({ curvatures: [a, b] }) => ([x, y], gradient) => {
    [gradient[0], gradient[1]] = [a * x, b * y];
    return (a * x * x + b * y * y) / 2;
  },

  saddle: () => ([x, y], gradient) => {
    [gradient[0], gradient[1]] = [x ** 3 - x, y];
    return x ** 4 / 4 - x * x / 2 + y * y / 2;
  },

  wells: ({ rise, places, depths, widths }) => ([x, y], gradient) => {
    let value = rise * (x * x + y * y) / 2;
    [gradient[0], gradient[1]] = [rise * x, rise * y];
    places.forEach(([a, b], i) => {
      const square = widths[i] ** 2, away = (x - a) ** 2 + (y - b) ** 2;
      const hole = depths[i] * Math.exp(-away / (2 * square));
      value -= hole;
      gradient[0] += hole * (x - a) / square;
      gradient[1] += hole * (y - b) / square;
    });
    return value;
  },
};

// The net v tanh(w x) on data: half the squared error.
function net({ inputs, targets }) {
  const all = inputs.map((_, i) => i);
  return ([w, v], gradient, rows) => {
    let value = 0;
    [gradient[0], gradient[1]] = [0, 0];
    const chosen = rows ?? all;
    for (const row of chosen) {
      const h = Math.tanh(w * inputs[row]), error = v * h - targets[row];
      value += error * error / 2 / chosen.length;
      gradient[0] += error * v * (1 - h * h) * inputs[row] / chosen.length;
      gradient[1] += error * h / chosen.length;
    }
    return value;
  };
}

export function makeLandscape({ kind, tilts, ...settings }) {
  return kind === "net" ? net(settings) : tilted(SHAPES[kind](settings), tilts);
}
