// Runs what a fixture of tinynets asks for: gradients of landscapes, and paths on them.
import { readFileSync } from "node:fs";
import { makeLandscape } from "../../explore/core/landscapes.js";
import { descent } from "../../explore/core/mean.js";
import { begin, step } from "../../explore/core/optimisers.js";

const { landscapes, means } = JSON.parse(readFileSync(process.argv[2], "utf8"));

function path(loss, { optimiser, start, rate, steps, batches }) {
  let state = begin(start);
  const places = [start], gradient = [0, 0];
  for (let i = 0; i < steps; i++) {
    loss(state.q, gradient, batches?.[i]);
    state = step(optimiser, state, gradient, rate);
    places.push(state.q);
  }
  return places;
}

console.log(JSON.stringify({
  landscapes: landscapes.map(({ description, positions, rows, paths }) => {
    const loss = makeLandscape(description);
    const look = (q, chosen) => {
      const gradient = [0, 0];
      return [loss(q, gradient, chosen), ...gradient];
    };
    return { all: positions.map((q) => look(q)), some: positions.map((q) => look(q, rows)),
      paths: paths.map((asked) => path(loss, asked)) };
  }),
  means: means.map(({ values, start, rate, steps, summed }) => descent(values, start, rate, steps, summed)),
}));
