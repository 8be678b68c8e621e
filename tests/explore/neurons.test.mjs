// What the page says of one neuron and of two holds in what the figures compute.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ACTIVATIONS, neuron, saturated } from "../../explore/core/activations.js";
import { evaluate } from "../../explore/core/twoneurons.js";
import { stream } from "../../explore/random.js";

const xs = Array.from({ length: 401 }, (_, i) => -5 + i / 40);

test("every activation and its slope is finite far out", () => {
  for (const [name, [value, slope]] of Object.entries(ACTIVATIONS)) {
    for (const z of [-800, -40, 40, 800]) {
      assert.ok(Number.isFinite(value(z)) && Number.isFinite(slope(z)), `${name} at ${z}`);
    }
  }
});

test("a steeper sigmoid has a slope for fewer inputs; a ReLU that is off has none", () => {
  const shares = [1, 2, 5].map((w) => saturated(neuron("sigmoid", { w, b: 0 }, xs).slope, 0.05));
  assert.ok(shares[0] < shares[1] && shares[1] < shares[2]);
  assert.equal(saturated(neuron("relu", { w: 1, b: -6 }, xs).slope, 0.05), 1);
  assert.equal(saturated(neuron("relu", { w: 1, b: 6 }, xs).slope, 0.05), 0);
});

test("with a sigmoid on the output a net stays between 0 and 1, whatever its weights", () => {
  const random = stream(3);
  for (let i = 0; i < 200; i++) {
    const theta = Array.from({ length: 7 }, () => 3 * random.normal());
    const heights = xs.map((x) => evaluate(theta, x, true));
    assert.ok(Math.min(...heights) >= 0 && Math.max(...heights) <= 1);
  }
});
