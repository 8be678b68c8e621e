// The counter's known answers, and what becomes of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { philox, stream } from "../../explore/random.js";

const hex = (words) => words.map((word) => word.toString(16).padStart(8, "0")).join(" ");

test("philox gives the known answers of its authors (Random123, kat_vectors)", () => {
  assert.equal(hex(philox([0, 0, 0, 0], [0, 0])), "6627e8d5 e169c58d bc57ac4c 9b00dbd8");
  const ones = 0xffffffff;
  assert.equal(hex(philox([ones, ones, ones, ones], [ones, ones])),
    "408f276d 41c83b0e a20bc7c6 6d5451fd");
  assert.equal(hex(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0])), "d16cfe09 94fdcceb 5001e420 24126ea1");
});

test("a stream is the same again, and another with another seed or name", () => {
  const take = (source) => Array.from({ length: 9 }, () => source.uniform());
  assert.deepEqual(take(stream(3, 1)), take(stream(3, 1)));
  assert.notDeepEqual(take(stream(3, 1)), take(stream(3, 2)));
  assert.notDeepEqual(take(stream(3, 1)), take(stream(4, 1)));
});

test("normals have the moments of a normal", () => {
  const source = stream(1), n = 40000;
  let [sum, square, fourth] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const z = source.normal();
    [sum, square, fourth] = [sum + z, square + z * z, fourth + z ** 4];
  }
  assert.ok(Math.abs(sum / n) < 5 / Math.sqrt(n));
  assert.ok(Math.abs(square / n - 1) < 5 * Math.sqrt(2 / n));
  assert.ok(Math.abs(fourth / n - 3) < 5 * Math.sqrt(96 / n));
});
