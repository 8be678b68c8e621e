// One chain of each sampler of tinynets.samplers, making the same draws from the same random
// numbers. A state is { q, value, gradient }; a step gives [state, info], and info.path holds
// the places on the way, for the eye. NUTS has a module of its own, nuts.js.

const DIVERGENCE = 1000; // nats of energy error

export function evaluate(target, q) {
  const gradient = new Float64Array(q.length);
  const value = target(q, gradient);
  return { q, value, gradient };
}

export const kinetic = (p) => 0.5 * p.reduce((sum, one) => sum + one * one, 0);
export const normals = (random, length) => Float64Array.from({ length }, () => random.normal());
export const acceptance = (error) => Number.isNaN(error) ? 0 : Math.exp(Math.min(0, -error));
export const diverges = (error) => !(error < DIVERGENCE);

// q + ε p for two vectors.
export const ahead = (q, step, p) => q.map((one, i) => one + step * p[i]);

// Half a kick, a drift, half a kick: the new state and momentum.
export function leapfrog(target, state, p, step) {
  const half = ahead(p, 0.5 * step, state.gradient);
  const next = evaluate(target, ahead(state.q, step, half));
  return [next, ahead(half, 0.5 * step, next.gradient)];
}

// As the sampler has it: kicks between steps are one, so rounding is the same too.
function trajectory(target, state, p, step, count, path) {
  let momentum = ahead(p, 0.5 * step, state.gradient);
  for (let i = 0; i < count; i++) {
    state = evaluate(target, ahead(state.q, step, momentum));
    momentum = ahead(momentum, (i + 1 < count ? 1 : 0.5) * step, state.gradient);
    path.push(state.q);
  }
  return [state, momentum];
}

export function metropolis(state, proposal, error, random, path, gradients) {
  const accepted = random.uniform() < acceptance(error);
  return [accepted ? proposal : state, { accepted, acceptance: acceptance(error),
    energyError: error, divergent: diverges(error), gradients, path, proposal }];
}

export const SAMPLERS = {
  walk(target, state, { step }, random) {
    const proposal = evaluate(target, ahead(state.q, step, normals(random, state.q.length)));
    const error = state.value - proposal.value;
    const [next, info] = metropolis(state, proposal, error, random, [state.q, proposal.q], 1);
    return [next, { ...info, divergent: Number.isNaN(error) }];
  },

  ula(target, state, settings, random) {
    const [proposal, error, path] = langevin(target, state, settings, random);
    const sum = proposal.gradient.reduce((a, b) => a + b, proposal.value);
    const accepted = Number.isFinite(sum);
    return [accepted ? proposal : state, { accepted, acceptance: acceptance(error),
      energyError: error, divergent: !accepted, gradients: 1, path, proposal }];
  },

  mala(target, state, settings, random) {
    const [proposal, error, path] = langevin(target, state, settings, random);
    return metropolis(state, proposal, error, random, path, 1);
  },

  hmc(target, state, { step, leapfrogs }, random) {
    const p = normals(random, state.q.length), path = [state.q];
    const [proposal, end] = trajectory(target, state, p, step, leapfrogs, path);
    const error = kinetic(end) - proposal.value - (kinetic(p) - state.value);
    return metropolis(state, proposal, error, random, path, leapfrogs);
  },
};

// A step of the Langevin diffusion, and how much likelier the way there is than the way back.
function langevin(target, state, { step }, random) {
  const p = normals(random, state.q.length), path = [state.q];
  const [proposal, back] = trajectory(target, state, p, step, 1, path);
  return [proposal, kinetic(back) - proposal.value - (kinetic(p) - state.value), path];
}
