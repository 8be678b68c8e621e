// Which check sees which fault; and that a trial without one draws as the sampler does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CHAINS, draw, FAULTS, Trial } from "../../explore/core/faults.js";
import { evaluate, SAMPLERS } from "../../explore/core/samplers.js";
import { banana } from "../../explore/core/targets.js";
import { stream } from "../../explore/random.js";

const shape = { bend: 0.3, width: 1.5 };
const SEES = { // and the others stay quiet
  none: [], accept: ["energy", "rhat"], sign: ["energy", "moments", "rhat"], momentum: ["rhat"],
  drop: ["moments"], kick: ["back", "energy", "moments", "order"], gradient: ["order"],
};

for (const fault of FAULTS) {
  test(`${fault}: seen by ${SEES[fault].join(", ") || "no check"}`, () => {
    const trial = new Trial(shape, { step: 0.6, leapfrogs: 8, fault }, stream(2));
    while (trial.step());
    assert.deepEqual(Object.keys(trial.alarms).sort(), SEES[fault]);
    assert.ok(Object.values(trial.alarms).every((draws) => draws % CHAINS === 0));
  });
}

test("without a fault a draw is that of HMC", () => {
  const target = banana(shape), settings = { step: 0.5, leapfrogs: 8 };
  let chain = { state: evaluate(target, Float64Array.of(0.3, -0.2)), p: null };
  let state = chain.state;
  const [one, other] = [stream(3), stream(3)];
  for (let i = 0; i < 50; i++) {
    chain = draw(target, chain, { ...settings, fault: "none" }, one);
    [state] = SAMPLERS.hmc(target, state, settings, other);
    state.q.forEach((value, axis) => assert.ok(Math.abs(value - chain.state.q[axis]) < 1e-9));
  }
});
