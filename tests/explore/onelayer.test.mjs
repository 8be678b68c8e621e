// What leaves a net's function as it is, does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { curve, removed, rescaled, swapped } from "../../explore/core/onelayer.js";
import { stream } from "../../explore/random.js";

const xs = Array.from({ length: 101 }, (_, i) => -2.5 + i * 0.05);
const random = stream(5);
const nets = Array.from({ length: 20 }, () => Array.from({ length: 13 }, random.normal));

function same(one, other, limit = 1e-12) {
  const [f, g] = [curve(one, xs), curve(other, xs)];
  return f.every((value, i) => Math.abs(value - g[i]) <= limit * Math.max(1, Math.abs(value)));
}

test("swapping two units moves weights, not the function", () => {
  for (const theta of nets) {
    const next = swapped(theta, 0, 3);
    assert.ok(same(theta, next));
    assert.deepEqual([next[0], next[3], next[4], next[8]], [theta[3], theta[0], theta[7], theta[11]]);
  }
});

test("rescaling a unit moves weights, not the function; a negative factor does", () => {
  for (const theta of nets) {
    for (const factor of [0.2, 3]) assert.ok(same(theta, rescaled(theta, 2, factor)));
  }
  assert.ok(!nets.every((theta) => same(theta, rescaled(theta, 2, -1))));
});

test("a unit that another can stand in for is removed unnoticed", () => {
  const off = [1, 0.7, 0.5, -4, 0.9, -0.3, 0.2]; // its corner is right of the data
  const twins = [1, 0.5, -0.6, -0.3, 0.9, 2, 0.1]; // both bend at 0.6
  const straight = [1, -0.5, 3, 4, 0.9, -2, 0.1]; // both are on everywhere
  for (const [theta, j] of [[off, 1], [twins, 0], [twins, 1], [straight, 0], [straight, 1]]) {
    const { theta: next, whole } = removed(theta, j, -2.5, 2.5);
    assert.ok(whole && next.length === 4 && same(theta, next), `unit ${j} of ${theta}`);
  }
});

test("a unit that nobody can stand in for is missed", () => {
  const theta = [1, -1, -0.6, -0.6, 0.9, 2, 0.1]; // one corner at 0.6, one at −0.6
  const { theta: next, whole } = removed(theta, 0, -2.5, 2.5);
  assert.ok(!whole && !same(theta, next));
  assert.deepEqual(next, [-1, -0.6, 2, 0.1]);
});
