// Turning, blending and morphing: the numbers behind the figures of latent spaces.
import assert from "node:assert/strict";
import { test } from "node:test";
import { blend, decode, INKS, nearestOf } from "../../explore/core/blending.js";
import { between, ellipse } from "../../explore/core/ellipses.js";
import { dragged, turning } from "../../explore/core/turning.js";

const near = (a, b, limit = 1e-12) => assert.ok(Math.abs(a - b) <= limit, `${a} is not ${b}`);

test("turning keeps lengths; a quarter of it brings y to where x was", () => {
  const [right, up, front] = turning(33, 21)(0.3, -0.5, 0.9);
  near(right ** 2 + up ** 2 + front ** 2, 0.3 ** 2 + 0.5 ** 2 + 0.9 ** 2);
  near(turning(90, 0)(0, -1, 0)[0], 1);
  near(turning(0, 90)(0, 1, 0)[1], 1);
});

test("a drag goes round, and not over the top", () => {
  assert.deepEqual(dragged([170, 80], 50, 50), [-160, 90]);
  assert.deepEqual(dragged([0, 0], -10, -5), [-6, -3]);
});

test("a blend is the tile at a knot, and between knots what lies between", () => {
  const tiles = [0, 1, 2].map((i) => [0, 1, 2].map((j) => Float64Array.of(i, j, i * j)));
  assert.deepEqual([...blend(tiles, 3, -3, 0)], [0, 1, 0]);
  assert.deepEqual([...blend(tiles, 3, 3, 3)], [2, 2, 4]);
  const [a, b] = blend(tiles, 3, 0.75, -2.4);
  near(a, 1.25);
  near(b, 0.2);
});

test("inks are 64 levels from 0 to 1", () => {
  assert.deepEqual([decode("0")[0], decode("_")[0], INKS.length], [0, 1, 64]);
});

test("the nearest come first", () => {
  assert.deepEqual(nearestOf([[5, 5], [0, 1], [0, 0], [1, 1]], 0, 0.1, 2), [2, 1]);
});

test("an ellipse holds half: its axes are those of the covariance", () => {
  const { axes, angle } = ellipse([0, 0], [[2, 1], [1, 2]]);
  near(axes[0] / axes[1], Math.sqrt(3));
  near(axes[1], Math.sqrt(2 * Math.log(2)));
  near(angle, Math.PI / 4);
});

test("a trained β shows its own classes, and others are on the way in log β", () => {
  const means = [[[0, 0]], [[1, 2]], [[3, 2]]], one = [[1, 0], [0, 1]];
  const covariances = means.map(() => [one]);
  const at = (beta) => between([0.1, 1, 10], means, covariances, beta)[0].mean;
  assert.deepEqual(at(1), [1, 2]);
  assert.deepEqual(at(0.1), [0, 0]);
  assert.deepEqual(at(10), [3, 2]);
  near(at(Math.sqrt(10))[0], 2);
});
