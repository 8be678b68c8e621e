// Native controls, which tinynets.explorables has put on the page, and the values they stand for.

import { nearest, parse, shown } from "./state.js";

// Listens to a figure's controls; gives a function that makes them show values.
export function bindControls(shell) {
  const parts = shell.plain.map((control) => {
    const input = shell.block.querySelector(`#${shell.name}-${control.name}`);
    const beside = input.parentElement.querySelector(".explorable-value");
    input.addEventListener("input", () =>
      shell.set({ [control.name]: read(control, input) }));
    return { control, input, beside };
  });
  return (values) => {
    for (const { control, input, beside } of parts) {
      const value = values[control.name];
      if (control.kind === "switch") input.checked = value;
      else input.value = control.stops ? control.stops.indexOf(value) : value;
      if (!beside) continue;
      beside.textContent = shown(control, value);
      if (control.stops || control.unit) input.setAttribute("aria-valuetext", beside.textContent);
    }
  };
}

function read(control, input) {
  if (control.kind === "switch") return input.checked;
  if (control.kind === "choice") return parse(control, input.value);
  return control.stops ? control.stops[Number(input.value)] : nearest(control, Number(input.value));
}

// The value that follows in a control that is played: the next stop, or one step on.
export function following(control, value) {
  if (control.stops) return control.stops[control.stops.indexOf(value) + 1];
  return value >= control.max ? undefined : nearest(control, value + control.step);
}

export function first(control) {
  return control.stops ? control.stops[0] : control.min;
}
