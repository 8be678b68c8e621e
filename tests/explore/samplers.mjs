// Runs what a fixture of tinynets asks for; prints what came out.
import { readFileSync } from "node:fs";
import { nuts } from "../../explore/core/nuts.js";
import { evaluate, SAMPLERS } from "../../explore/core/samplers.js";
import { effectiveSampleSize } from "../../explore/core/statistics.js";
import { makeTarget } from "../../explore/core/targets.js";
import { stream } from "../../explore/random.js";

const asked = JSON.parse(readFileSync(process.argv[2], "utf8"));

// Numbers from two lists, in place of a stream.
function replay(normals, uniforms) {
  let n = 0, u = 0;
  return { normal: () => normals[n++], uniform: () => uniforms[u++] };
}

function chain({ target, sampler, settings, start, normals, uniforms, n_steps: count }) {
  const density = makeTarget(target), random = replay(normals, uniforms);
  let state = evaluate(density, Float64Array.from(start)), info;
  const out = { position: [], value: [], acceptance: [], accepted: [], energy_error: [],
    divergent: [], n_gradients: [] };
  for (let i = 0; i < count; i++) {
    [state, info] = (SAMPLERS[sampler] ?? nuts)(density, state, settings, random);
    out.position.push([...state.q]);
    out.value.push(state.value);
    out.acceptance.push(info.acceptance);
    out.accepted.push(info.accepted);
    out.energy_error.push(info.energyError);
    out.divergent.push(info.divergent);
    out.n_gradients.push(info.gradients);
  }
  return { ...out, left: [random.normal(), random.uniform()].map((v) => v ?? null) };
}

function densities({ target, positions }) {
  const density = makeTarget(target);
  const states = positions.map((q) => evaluate(density, Float64Array.from(q)));
  return { values: states.map((s) => s.value), gradients: states.map((s) => [...s.gradient]) };
}

const numbers = ({ seed, name, count }) => {
  const source = stream(seed, name), take = (draw) => Array.from({ length: count }, draw);
  return { uniforms: take(source.uniform), normals: take(source.normal) };
};

console.log(JSON.stringify({
  chains: (asked.chains ?? []).map(chain),
  densities: (asked.densities ?? []).map(densities),
  sizes: (asked.series ?? []).map((values) => effectiveSampleSize(values)),
  streams: (asked.streams ?? []).map(numbers),
}));
