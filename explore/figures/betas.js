// Ten classes in the latent plane as ellipses, from one β to the next.

import { axes, linear, within } from "../axes.js";
import { makeCanvas, text } from "../canvas.js";
import { between } from "../core/ellipses.js";

export function start(stage) {
  const { element, context: c, resize } = makeCanvas(stage);
  const { limit, betas, means, covariances, rates, distortions } = stage.data;
  let box, x, y;
  return {
    element,
    resize(width) {
      const edge = Math.min(width - 40, 420);
      box = { x: Math.max(30, (width - edge) / 2), y: 6, width: edge, height: edge };
      x = linear([-limit, limit], [box.x, box.x + edge]);
      y = linear([-limit, limit], [box.y + edge, box.y]);
      resize(width, edge + 32);
    },
    draw() {
      const { colours } = stage, now = between(betas, means, covariances, stage.values.beta);
      c.clearRect(0, 0, element.width, element.height);
      axes(c, box, x, y, colours);
      within(c, box, () => now.forEach(({ mean, axes: [long, short], angle }, k) => {
        c.beginPath();
        c.ellipse(x(mean[0]), y(mean[1]), x(long) - x(0), x(short) - x(0), -angle, 0, 2 * Math.PI);
        c.fillStyle = c.strokeStyle = colours.classes[k];
        c.globalAlpha = 0.2;
        c.fill();
        c.globalAlpha = 1;
        c.lineWidth = 1.5;
        c.stroke();
        text(c, String(k), x(mean[0]), y(mean[1]),
          { align: "center", baseline: "middle", size: 15, weight: "700" });
      }));
    },
    says() {
      const { beta } = stage.values, i = betas.indexOf(beta);
      if (i < 0) return `β = ${beta}, between trained nets.`;
      return `β = ${beta}: rate ${rates[i]} nats, distortion ${distortions[i]} nats per image.`;
    },
  };
}
