// What assets/explorable.js decides without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  controlsOf, queryWith, tidy, unbound, valueOf,
} from "../assets/explorable.js";

const spec = {
  width: 10,
  signals: [
    { name: "beta", value: 1,
      bind: { input: "range", min: 0, max: 2, step: 0.1, name: "β" } },
    { name: "net", value: "relu", bind: { input: "select",
      options: ["relu", "tanh"], labels: ["ReLU", "tanh"] } },
    { name: "noise", value: true, bind: { input: "checkbox" } },
    { name: "announce", update: "'x'" },
  ],
};
const [beta, net, noise] = controlsOf(spec);

test("bound signals become controls, with the binding's name as label", () => {
  assert.equal(controlsOf(spec).length, 3);
  assert.deepEqual([beta.label, beta.min, beta.max, beta.step, beta.initial],
    ["β", 0, 2, 0.1, 1]);
  assert.deepEqual(net.labels, ["ReLU", "tanh"]);
  assert.equal(noise.label, "noise");
  assert.deepEqual(controlsOf({}), []);
});

test("the specification loses its bindings and nothing else", () => {
  const bare = unbound(spec);
  assert.ok(bare.signals.every((signal) => !("bind" in signal)));
  assert.equal(bare.signals[3].update, "'x'");
  assert.equal(bare.width, 10);
  assert.ok("bind" in spec.signals[0], "the original stays as it was");
});

test("an address gives only values that a control can have", () => {
  assert.equal(valueOf(beta, "0.52"), 0.5);
  for (const bad of [null, "", "x", "NaN", "-1", "2.1", "Infinity"]) {
    assert.equal(valueOf(beta, bad), 1, `β = ${bad}`);
  }
  assert.equal(valueOf(net, "tanh"), "tanh");
  assert.equal(valueOf(net, "<b>"), "relu");
  assert.equal(valueOf(noise, "false"), false);
  assert.equal(valueOf(noise, null), true);
});

test("options may be numbers", () => {
  const depth = { ...net, options: [1, 2], initial: 1 };
  assert.equal(valueOf(depth, "2"), 2);
});

test("values carry no noise of binary fractions", () => {
  assert.equal(tidy(0.1 + 0.2, 0.1), 0.3);
  assert.equal(tidy(3.0000001, 1), 3);
});

test("the query holds what differs from the start, and keeps the rest", () => {
  const start = { beta: 1, net: "relu", noise: true };
  const controls = [beta, net, noise];
  assert.equal(queryWith("", "vae", controls, start), "");
  assert.equal(queryWith("?q=a", "vae", controls, { ...start, beta: 0.3 }),
    "?q=a&vae.beta=0.3");
  assert.equal(queryWith("?vae.beta=0.3&q=a", "vae", controls, start), "?q=a");
});
