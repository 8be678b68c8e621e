// A sampler with a fault that the reader plants, and what each check says of it.

import { CHAINS, LIMITS, MOST, Trial } from "../core/faults.js";
import { stream } from "../random.js";

const format = (number) => number.toLocaleString("en-GB");
const FULL = 2; // a bar is full at so many times the limit

export function start(stage) {
  const { names, faults, target, seed } = stage.data;
  const element = document.createElement("table");
  element.className = "explorable-checks";
  element.setAttribute("aria-label", stage.label);
  const rows = Object.entries(names).map(([check, name]) => {
    const row = element.insertRow();
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = name;
    row.append(head);
    const bar = row.insertCell().appendChild(document.createElement("div"));
    bar.className = "explorable-bar";
    bar.append(document.createElement("i"));
    return { check, bar, verdict: row.insertCell() };
  });
  let trial;
  const restart = () => {
    const { fault, step } = stage.values;
    trial = new Trial(target, { fault, step, leapfrogs: stage.data.leapfrogs }, stream(seed));
  };
  const verdict = (check) => {
    const seen = trial.alarms[check];
    if (seen !== undefined) return seen === 0 ? "alarm at once" : `alarm after ${format(seen)} draws`;
    return trial.values[check] === null ? "no draws yet" : "quiet";
  };
  restart();
  return {
    element,
    perFrame: 3,
    update: restart,
    reset: restart,
    step(count) {
      let more = true;
      for (let i = 0; i < count && more; i++) more = trial.step();
      return more;
    },
    draw() {
      for (const { check, bar, verdict: cell } of rows) {
        const value = trial.values[check], base = check === "rhat" ? 1 : 0;
        const share = value === null ? 0 : (value - base) / (LIMITS[check] - base) / FULL;
        const filled = Number.isNaN(share) ? 1 : Math.min(Math.max(share, 0), 1);
        bar.firstChild.style.inlineSize = `${(100 * filled).toFixed(1)}%`;
        bar.classList.toggle("is-over", check in trial.alarms);
        const words = verdict(check);
        if (cell.textContent !== words) cell.textContent = words;
      }
    },
    says() {
      const all = trial.draws * CHAINS, seen = Object.keys(trial.alarms);
      if (all === 0 && seen.length === 0) return `${faults[stage.values.fault]}: press Play to draw.`;
      const by = seen.map((check) => names[check].toLowerCase()).join("; ");
      const rest = trial.draws === MOST ? " The trial is over." : "";
      return `${faults[stage.values.fault]}, ${format(all)} draws by ${CHAINS} chains. ` +
        `${seen.length ? `Alarm: ${by}.` : "No check has raised an alarm."}${rest}`;
    },
  };
}
