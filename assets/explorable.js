// Brings explorables to life: figures that tinynets.explorables has put on the
// page as a still image and a Vega specification. Vega is loaded once, from
// beside this file, when the first of them comes near the screen.

// A Vega signal that is bound to a control, said once and for all.
export function controlsOf(spec) {
  return (spec.signals ?? []).filter((signal) => signal.bind).map(
    ({ name, value, bind }) => ({
      name, initial: value, label: bind.name ?? name, kind: bind.input,
      min: bind.min ?? 0, max: bind.max ?? 100, step: bind.step ?? 1,
      options: bind.options ?? [], labels: bind.labels ?? bind.options ?? [],
    }));
}

// The specification without bindings, so that Vega builds no controls.
export function unbound(spec) {
  const signals = (spec.signals ?? []).map(({ bind, ...rest }) => rest);
  return { ...spec, signals };
}

// Turns text (of a control, of the address) into a value that the control
// can have; what it can't have becomes its initial value.
export function valueOf(control, text) {
  if (text === null || text === "") return control.initial;
  if (control.kind === "select") {
    const found = control.options.find((option) => String(option) === text);
    return found === undefined ? control.initial : found;
  }
  if (control.kind === "checkbox") return text === "true";
  const { min, max, step } = control;
  const number = Number(text);
  if (!Number.isFinite(number) || number < min || number > max) {
    return control.initial;
  }
  return tidy(min + Math.round((number - min) / step) * step, step);
}

// A number without the noise of binary fractions: 0.30000000000000004 → 0.3.
export function tidy(number, step) {
  const decimals = (String(step).split(".")[1] ?? "").length;
  return Number(number.toFixed(decimals));
}

// The query of the address with the values that differ from the initial ones.
export function queryWith(query, name, controls, values) {
  const search = new URLSearchParams(query);
  for (const control of controls) {
    const key = `${name}.${control.name}`;
    if (values[control.name] === control.initial) search.delete(key);
    else search.set(key, String(values[control.name]));
  }
  const text = search.toString();
  return text && `?${text}`;
}

let loading;
function loadVega() {
  loading ??= import("./vendor/vega.min.js")
    .then(() => import("./vendor/vega-interpreter.js"))
    .then((interpreter) => [globalThis.vega, interpreter]);
  return loading;
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// One native control with its label; a slider also shows its value.
function buildControl(name, control, onInput) {
  const id = `${name}-${control.name}`;
  const isSelect = control.kind === "select";
  const input = isSelect
    ? element("select", { id }, ...control.options.map((option, index) =>
      element("option", { value: option, textContent: control.labels[index] })))
    : element("input", { id, type: control.kind });
  if (control.kind === "range") {
    Object.assign(input, {
      min: control.min, max: control.max, step: control.step });
  }
  const shown = element("span", { className: "explorable-value" });
  shown.ariaHidden = "true"; // the slider itself says its value
  const isBox = control.kind === "checkbox";
  input.addEventListener("input", () =>
    onInput(valueOf(control, isBox ? String(input.checked) : input.value)));
  const label = element("label", { htmlFor: id, textContent: control.label });
  const row = element("div", { className: "explorable-control" },
    label, input, ...(control.kind === "range" ? [shown] : []));
  const show = (value) => {
    if (isBox) input.checked = value;
    else input.value = value;
    shown.textContent = value;
  };
  return { row, show };
}

class Explorable {
  constructor(figure) {
    this.name = figure.dataset.name;
    this.picture = figure.querySelector(".explorable-view");
    this.spec = JSON.parse(
      figure.querySelector(".explorable-spec").textContent);
    this.controls = controlsOf(this.spec);
    const address = new URLSearchParams(location.search);
    this.values = Object.fromEntries(this.controls.map((control) =>
      [control.name, valueOf(control, address.get(
        `${this.name}.${control.name}`))]));
    this.parts = this.controls.map((control) => buildControl(
      this.name, control, (value) => this.set({ [control.name]: value })));
    const reset = element("button", { type: "button", textContent: "Reset" });
    reset.addEventListener("click", () => this.set(Object.fromEntries(
      this.controls.map(({ name, initial }) => [name, initial]))));
    this.says = element("output", { className: "explorable-says" });
    figure.prepend(element("div", {
      className: "explorable-controls", role: "group",
      ariaLabel: "Controls of the figure" },
    ...this.parts.map(({ row }) => row), reset));
    figure.append(this.says);
    this.show();
  }

  show() {
    this.controls.forEach(({ name }, index) =>
      this.parts[index].show(this.values[name]));
  }

  set(changes) {
    Object.assign(this.values, changes);
    this.show();
    this.draw();
    clearTimeout(this.timer); // browsers limit how often the address changes
    this.timer = setTimeout(() => history.replaceState(history.state, "",
      location.pathname + queryWith(location.search, this.name, this.controls,
        this.values) + location.hash), 250);
  }

  async draw() {
    if (!this.view) return;
    for (const { name } of this.controls) {
      this.view.signal(name, this.values[name]);
    }
    await this.view.runAsync();
    const says = this.view.getState({ signals: (name) => name === "announce",
      data: () => false }).signals.announce;
    if (says !== undefined) this.says.textContent = says;
  }

  // Draws beside the page and swaps when ready: the still image never blinks.
  async start() {
    try {
      const [vega, { expressionInterpreter }] = await loadVega();
      const holder = element("div");
      const parsed = vega.parse(unbound(this.spec), null, { ast: true });
      this.view = new vega.View(parsed, { expr: expressionInterpreter,
        renderer: "svg", container: holder, logLevel: vega.Warn });
      await this.draw();
      const svg = holder.querySelector("svg");
      svg.setAttribute("style", "max-width: 100%; height: auto");
      svg.setAttribute("aria-hidden", "true"); // the picture has its text
      this.picture.replaceChildren(holder);
      this.picture.dataset.live = "true";
    } catch (error) {
      this.says.textContent = "This figure could not be brought to life; " +
        `the still image shows how it starts. (${error.message})`;
    }
  }
}

function bringToLife(figures) {
  const style = element("link", { rel: "stylesheet",
    href: new URL("./explorable.css", import.meta.url).href });
  document.head.append(style);
  const nearby = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      nearby.unobserve(target);
      made.get(target).start();
    }
  }, { rootMargin: "600px" });
  const made = new Map(figures.map((figure) =>
    [figure, new Explorable(figure)]));
  figures.forEach((figure) => nearby.observe(figure));
}

if (typeof document !== "undefined") {
  const figures = [...document.querySelectorAll(".explorable")];
  if (figures.length) bringToLife(figures);
}
