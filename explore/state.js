// The state of a figure: values of its controls, as text in the address and back.
//
// A control is an object that tinynets.explorables.controls wrote: name, kind, label,
// initial, and by kind
//   range   min, max, step; or stops, the values it can have, with labels
//   choice  options, labels
//   switch  (true or false)
//   points  min, max, step: of each coordinate; least, most: how many points

export const isPlain = (control) => control.kind !== "points";

// The value that a text asks for; undefined where the control can't have it.
export function parse(control, text) {
  switch (control.kind) {
    case "choice":
      return control.options.find((option) => String(option) === text);
    case "switch":
      return { true: true, false: false }[text];
    case "points":
      return points(control, text);
    default:
      return control.stops
        ? control.stops.find((stop) => text.trim() !== "" && stop === Number(text))
        : inRange(text, control.min, control.max, control.step);
  }
}

export function format(control, value) {
  if (control.kind !== "points") return String(value);
  return value.map((point) => point.join("~")).join("_");
}

function points({ min, max, step, least, most }, text) {
  const found = text === "" ? [] : text.split("_").map((one) => one.split("~"));
  if (found.length < least || found.length > most) return undefined;
  const values = found.map((one) =>
    one.map((part, axis) => inRange(part, min[axis], max[axis], step)));
  return values.every((one) => one.length === min.length && !one.includes(undefined))
    ? values : undefined;
}

// A number that a text names, at the nearest step; undefined where it is none or outside.
function inRange(text, min, max, step) {
  const number = text.trim() === "" ? NaN : Number(text);
  return number >= min && number <= max ? nearest({ min, max, step }, number) : undefined;
}

// A value brought to where the control can be: into its range, to its step.
export function nearest({ min, max, step }, number) {
  const inside = Math.min(Math.max(number, min), max);
  return tidy(min + Math.round((inside - min) / step) * step, step);
}

// A number without the noise of binary fractions: 0.30000000000000004 → 0.3.
export function tidy(number, step) {
  const decimals = (String(step).split(".")[1] ?? "").length;
  return Number(number.toFixed(decimals)) + 0; // + 0: no negative zero
}

export function initial(controls) {
  return Object.fromEntries(controls.map((control) => [control.name, control.initial]));
}

// Values from the query of an address, and what in it could not be had.
export function restore(query, name, controls) {
  const values = initial(controls);
  const refused = [];
  const known = new Map(controls.map((control) => [control.name, control]));
  for (const [key, text] of new URLSearchParams(query)) {
    if (!key.startsWith(`${name}.`)) continue;
    const control = known.get(key.slice(name.length + 1));
    const value = control && parse(control, text);
    if (value === undefined) refused.push(`${control?.label ?? key}: ${text.slice(0, 40)}`);
    else values[control.name] = value;
  }
  return { values, refused };
}

export function complaint(refused) {
  return refused.length === 0 ? "" : "The address asks for what this figure does not have " +
    `(${refused.join("; ")}); it shows its default instead.`;
}

// The query with the values that differ from the initial ones, the rest as it was.
export function queryWith(query, name, controls, values) {
  const search = new URLSearchParams(query);
  for (const key of [...search.keys()]) if (key.startsWith(`${name}.`)) search.delete(key);
  for (const control of controls) {
    const text = format(control, values[control.name]);
    if (text !== format(control, control.initial)) search.set(`${name}.${control.name}`, text);
  }
  const text = search.toString();
  return text && `?${text}`;
}

// What stands beside a slider.
export function shown(control, value) {
  const place = control.stops?.indexOf(value) ?? -1;
  return control.labels && place >= 0 ? control.labels[place] : `${value}${control.unit ?? ""}`.replace("-", "−");
}
