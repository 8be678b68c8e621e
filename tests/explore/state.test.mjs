// What the shell decides without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  complaint, format, nearest, parse, queryWith, restore, shown, tidy,
} from "../../explore/state.js";

const beta = { name: "beta", kind: "range", label: "β", initial: 1, min: 0, max: 2, step: 0.1 };
const time = { name: "time", kind: "range", label: "Time", initial: 50,
  stops: [0, 10, 50], labels: ["start", "step 10", "step 50"] };
const net = { name: "net", kind: "choice", label: "Net", initial: "relu", options: ["relu", "tanh"] };
const noise = { name: "noise", kind: "switch", label: "Noise", initial: true };
const dots = { name: "dots", kind: "points", label: "Points", initial: [[0, 1]],
  min: [-2, -5], max: [2, 5], step: 0.01, least: 1, most: 3 };
const controls = [beta, time, net, noise, dots];
const start = { beta: 1, time: 50, net: "relu", noise: true, dots: [[0, 1]] };

test("a control takes the values that it can have, and no others", () => {
  assert.equal(parse(beta, "0.52"), 0.5);
  for (const bad of ["", " ", "x", "NaN", "-1", "2.1", "Infinity"]) {
    assert.equal(parse(beta, bad), undefined, `β = ${bad}`);
  }
  assert.equal(parse(time, "10"), 10);
  assert.equal(parse(time, "10.0"), 10);
  for (const bad of ["11", "", "step 10"]) assert.equal(parse(time, bad), undefined);
  assert.equal(parse(net, "tanh"), "tanh");
  assert.equal(parse(net, "<b>"), undefined);
  assert.equal(parse(noise, "false"), false);
  assert.equal(parse(noise, "0"), undefined);
  assert.equal(parse({ ...net, options: [1, 2] }, "2"), 2);
});

test("points are bounded in number, in each coordinate, and rounded", () => {
  assert.deepEqual(parse(dots, "-1.804~0.9_2~-5"), [[-1.8, 0.9], [2, -5]]);
  for (const bad of ["", "1", "1~2~3", "3~0", "0~x", "0~0_0~0_0~0_0~0"]) {
    assert.equal(parse(dots, bad), undefined, bad);
  }
  assert.deepEqual(parse({ ...dots, least: 0 }, ""), []);
  const value = [[-1.8, 0.9], [2, -5]];
  assert.deepEqual(parse(dots, format(dots, value)), value);
});

test("values carry no noise of binary fractions, and no negative zero", () => {
  assert.equal(tidy(0.1 + 0.2, 0.1), 0.3);
  assert.ok(Object.is(tidy(-0.0001, 0.1), 0));
  assert.equal(nearest(beta, 7), 2);
  assert.equal(nearest(beta, 0.449), 0.4);
});

test("the address holds what differs from the start, and keeps the rest", () => {
  assert.equal(queryWith("", "vae", controls, start), "");
  assert.equal(queryWith("?q=a", "vae", controls, { ...start, beta: 0.3 }), "?q=a&vae.beta=0.3");
  assert.equal(queryWith("?vae.beta=0.3&vae.old=1&q=a", "vae", controls, start), "?q=a");
  const moved = { ...start, dots: [[1, 2]], time: 0, noise: false };
  assert.deepEqual(restore(queryWith("", "vae", controls, moved), "vae", controls),
    { values: moved, refused: [] });
});

test("what an address asks for in vain is named, and the default shown", () => {
  const { values, refused } = restore(
    "?vae.beta=7&vae.net=tanh&vae.colour=red&other.beta=9", "vae", controls);
  assert.deepEqual(values, { ...start, net: "tanh" });
  assert.match(complaint(refused), /β: 7; vae\.colour: red/);
  assert.equal(complaint([]), "");
});

test("a slider shows its label, or its value with the unit", () => {
  assert.equal(shown(time, 10), "step 10");
  assert.equal(shown({ ...beta, unit: " nats" }, 0.5), "0.5 nats");
  assert.equal(shown({ ...beta, unit: "°" }, -33), "−33°");
});
