// The No-U-Turn Sampler of tinynets.samplers.nuts for one chain: multinomial weights, branches
// judged with every subtree in them (Hoffman and Gelman 2014; Betancourt 2017, appendix A).

import { acceptance, ahead, diverges, kinetic, leapfrog, normals } from "./samplers.js";

const dot = (a, b) => a.reduce((sum, one, i) => sum + one * b[i], 0);
const plus = (a, b) => a.map((one, i) => one + b[i]);

function logAddExp(a, b) {
  const top = Math.max(a, b);
  return top === -Infinity ? top : top + Math.log(Math.exp(a - top) + Math.exp(b - top));
}

// Would going on at either end shorten the trajectory? Its ends count half.
function turns(first, last, sum) {
  const travelled = sum.map((one, i) => one - 0.5 * (first[i] + last[i]));
  return dot(travelled, first) <= 0 || dot(travelled, last) <= 0;
}

export function nuts(target, state, { step, depth: maxDepth = 10 }, random) {
  const p = normals(random, state.q.length);
  const energy = kinetic(p) - state.value;
  const edges = { back: [state, p], forth: [state, p] };
  const paths = { back: [], forth: [] };
  const tree = { proposal: state, error: 0, logWeight: 0, sum: p, acceptances: 0, leaves: 0,
    divergent: false };
  for (let depth = 0; depth < maxDepth; depth++) {
    const way = random.uniform() < 0.5 ? "forth" : "back";
    const branch = grow(target, edges[way], way === "forth" ? step : -step, 2 ** depth, energy,
      random, paths[way]);
    tree.divergent ||= branch.divergent;
    tree.acceptances += branch.acceptances;
    tree.leaves += branch.leaves;
    const taken = Math.log(random.uniform()) < branch.logWeight - tree.logWeight;
    if (branch.stopped) break;
    if (taken) [tree.proposal, tree.error] = [branch.proposal, branch.error];
    tree.logWeight = logAddExp(tree.logWeight, branch.logWeight);
    tree.sum = plus(tree.sum, branch.sum);
    edges[way] = branch.edge;
    if (turns(edges.back[1], edges.forth[1], tree.sum)) break;
  }
  return [tree.proposal, {
    accepted: tree.proposal.q.some((one, i) => one !== state.q[i]),
    acceptance: tree.acceptances / tree.leaves, energyError: tree.error,
    divergent: tree.divergent, gradients: tree.leaves, proposal: tree.proposal,
    path: [...paths.back.reverse(), state.q, ...paths.forth],
  }];
}

// Adds `count` leaves beyond an edge; stops where one diverges or a subtree turns.
function grow(target, edge, step, count, energy, random, path) {
  let [state, p] = edge, best = -Infinity;
  const branch = { proposal: null, error: NaN, logWeight: -Infinity, sum: null, acceptances: 0,
    leaves: 0, divergent: false, stopped: false, edge: null };
  const waiting = []; // subtrees: how many leaves, the first momentum, the sum of all
  for (let leaf = 0; leaf < count; leaf++) {
    const gumbel = -Math.log(-Math.log(random.uniform()));
    if (branch.stopped) continue; // its random numbers are used up as for whole branches
    [state, p] = leapfrog(target, state, p, step);
    path.push(state.q);
    const error = kinetic(p) - state.value - energy;
    branch.leaves += 1;
    branch.acceptances += acceptance(error);
    branch.divergent = diverges(error);
    branch.logWeight = logAddExp(branch.logWeight, branch.divergent ? -Infinity : -error);
    if (!branch.divergent && gumbel - error > best) {
      best = gumbel - error;
      [branch.proposal, branch.error] = [state, error];
    }
    branch.stopped = branch.divergent;
    let subtree = { size: 1, first: p, sum: p };
    while (waiting.length && waiting.at(-1).size === subtree.size) {
      const { size, first, sum } = waiting.pop();
      subtree = { size: 2 * size, first, sum: plus(sum, subtree.sum) };
      branch.stopped ||= turns(first, p, subtree.sum);
    }
    waiting.push(subtree);
    branch.sum = subtree.sum;
  }
  branch.edge = [state, p];
  return branch;
}
