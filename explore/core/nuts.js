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

// Two subtrees together, or one with the nearest leaf of the other.
function turned(left, right) {
  return turns(left.first, right.last, plus(left.sum, right.sum))
    || turns(left.first, right.first, plus(left.sum, right.first))
    || turns(left.last, right.last, plus(left.last, right.sum));
}

// One subtree of two; `taken`: its leaf is the right one's.
function together(left, right, taken) {
  const { proposal, error } = taken ? right : left;
  return { proposal, error, first: left.first, last: right.last, sum: plus(left.sum, right.sum),
    logWeight: logAddExp(left.logWeight, right.logWeight) };
}

export function nuts(target, state, { step, depth: maxDepth = 10 }, random) {
  const p = normals(random, state.q.length);
  const energy = kinetic(p) - state.value;
  const [direction, join, merge] = ["direction", "join", "merge"].map(
    () => Array.from({ length: maxDepth }, () => random.uniform()));
  const edges = { back: [state, p], forth: [state, p] };
  const paths = { back: [], forth: [] };
  const tally = { acceptances: 0, leaves: 0, divergent: false };
  let tree = { proposal: state, error: 0, logWeight: 0, first: p, last: p, sum: p };
  for (let depth = 0; depth < maxDepth; depth++) {
    const [way, other] = direction[depth] < 0.5 ? ["forth", "back"] : ["back", "forth"];
    const branch = grow(target, edges[way], way === "forth" ? step : -step, 2 ** depth, energy,
      merge, paths[way], tally);
    if (branch === null) break;
    tree = { ...tree, first: edges[other][1], last: edges[way][1] };
    const ended = turned(tree, branch);
    tree = together(tree, branch, join[depth] < Math.exp(branch.logWeight - tree.logWeight));
    edges[way] = branch.edge;
    if (ended) break;
  }
  return [tree.proposal, {
    accepted: tree.proposal.q.some((one, i) => one !== state.q[i]),
    acceptance: tally.acceptances / tally.leaves, energyError: tree.error,
    divergent: tally.divergent, gradients: tally.leaves, proposal: tree.proposal,
    path: [...paths.back.reverse(), state.q, ...paths.forth],
  }];
}

// Adds `count` leaves beyond an edge; null where one diverges or a subtree turns. Of two halves
// with 2^level leaves each, the leaf of the newer is taken if merge[level] says so.
function grow(target, edge, step, count, energy, merge, path, tally) {
  let [state, p] = edge;
  const waiting = []; // subtrees, the oldest first
  for (let leaf = 0; leaf < count; leaf++) {
    [state, p] = leapfrog(target, state, p, step);
    path.push(state.q);
    const error = kinetic(p) - state.value - energy;
    tally.leaves += 1;
    tally.acceptances += acceptance(error);
    tally.divergent ||= diverges(error);
    let stopped = diverges(error);
    let newest = { proposal: state, error, logWeight: -error, first: p, last: p, sum: p };
    for (let level = 0; (leaf >> level) & 1; level++) {
      const left = waiting.pop();
      stopped ||= turned(left, newest);
      const share = Math.exp(newest.logWeight - logAddExp(left.logWeight, newest.logWeight));
      newest = together(left, newest, merge[level] < share);
    }
    if (stopped) return null;
    waiting.push(newest);
  }
  return { ...waiting[0], edge: [state, p] };
}
