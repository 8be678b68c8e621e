// The optimisers of torch.optim, one step each: a state is { q, first, second, time }, and
// settings are the learning rate and what PyTorch calls the rest. Nothing here draws.

export const begin = (q) => ({ q, first: [0, 0], second: [0, 0], time: 0 });

const MOMENTUM = 0.9, SMALL = 1e-8;
const mixed = (old, now, keep, add = 1 - keep) => old.map((one, i) => keep * one + add * now[i]);

// Velocity is what is left of the last one, and the gradient.
const velocity = ({ first, time }, g) => time === 0 ? [...g] : mixed(first, g, MOMENTUM, 1);

const MOVES = { // the new moments, and where to move
  gradient: (state, g) => [{}, g],

  momentum(state, g) { // Polyak (1964)
    const first = velocity(state, g);
    return [{ first }, first];
  },

  nesterov(state, g) { // Nesterov (1983), as Sutskever et al. (2013) write it
    const first = velocity(state, g);
    return [{ first }, mixed(g, first, 1, MOMENTUM)];
  },

  rmsprop({ second: old }, g) { // Tieleman and Hinton (2012)
    const second = mixed(old, g.map((one) => one * one), 0.99);
    return [{ second }, g.map((one, i) => one / (Math.sqrt(second[i]) + SMALL))];
  },

  adam({ first: mean, second: old, time }, g) { // Kingma and Ba (2015), algorithm 1
    const first = mixed(mean, g, 0.9), second = mixed(old, g.map((one) => one * one), 0.999);
    const [a, b] = [1 - 0.9 ** (time + 1), Math.sqrt(1 - 0.999 ** (time + 1))];
    return [{ first, second }, first.map((one, i) => one / a / (Math.sqrt(second[i]) / b + SMALL))];
  },
};

// The state after one step down a gradient.
export function step(name, state, gradient, rate) {
  const [moments, move] = MOVES[name](state, gradient);
  return { ...state, ...moments, time: state.time + 1,
    q: state.q.map((one, i) => one - rate * move[i]) };
}
