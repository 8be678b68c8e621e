// Evaluates the net of the figures where a fixture of tinynets asks.
import { readFileSync } from "node:fs";
import { corners, curve, posterior } from "../../explore/core/onelayer.js";

const { problem, positions, xs } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const density = posterior(problem);
const found = positions.map((theta) => {
  const gradient = new Float64Array(theta.length);
  return { value: density(theta, gradient), gradient: [...gradient], f: curve(theta, xs),
    corners: corners(theta) };
});
console.log(JSON.stringify(found));
