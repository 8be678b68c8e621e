// A digit that the reader draws, scored by ten masks.

import { BLANK, board, makeMasks, makePaper, verdict } from "../paper.js";

export function start(stage) {
  const paper = makePaper(stage), { now } = paper, masks = makeMasks(stage, now);
  const { element, resize, draw } = board([...paper.parts, masks]);
  const update = () => {
    paper.look();
    now.scores = masks.scores(now.fed);
  };
  paper.listen();
  update();
  return {
    element, resize, draw, update,
    handles: () => [paper.pen()],
    press: () => stage.set({ from: "blank", ink: [] }),
    says: () => now.blank ? BLANK : `The masks read ${verdict(now.scores)}.`,
  };
}
