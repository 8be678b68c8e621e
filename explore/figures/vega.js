// A chart that Altair made: Vega draws it, the shell has the controls.

let loading;
function loadVega() {
  loading ??= import("../../assets/vendor/vega.min.js")
    .then(() => import("../../assets/vendor/vega-interpreter.js"))
    .then((interpreter) => [globalThis.vega, interpreter]);
  return loading;
}

export async function start(stage) {
  const [vega, { expressionInterpreter }] = await loadVega();
  const element = document.createElement("div");
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", stage.label);
  const view = new vega.View(vega.parse(stage.data.spec, null, { ast: true }), {
    expr: expressionInterpreter, renderer: "svg", container: element, logLevel: vega.Warn });
  const apply = () => {
    for (const [name, value] of Object.entries(stage.values)) view.signal(name, value);
    return view.runAsync();
  };
  await apply(); // drawn beside the page: the still picture never blinks
  const svg = element.querySelector("svg");
  svg.setAttribute("style", "max-width: 100%; height: auto");
  svg.setAttribute("aria-hidden", "true"); // the picture has its text
  const { width } = stage.data.spec; // of a single panel; where there are several, none is here
  const margin = svg.viewBox.baseVal.width - width;
  let drawing = false, again = false;
  const draw = async () => {
    again = drawing;
    if (drawing) return;
    drawing = true;
    await apply();
    drawing = false;
    stage.say();
    if (again) draw();
  };
  return {
    element,
    draw,
    ...(width && { resize: (room) => view.width(Math.min(width, room - margin)) }),
    says: () => sentence(view),
    ...(stage.data.drag && { grab: grabber(stage, element), touch: stage.data.drag.touch }),
  };
}

function sentence(view) {
  const { signals } = view.getState({ signals: (name) => name === "announce", data: () => false });
  return signals.announce ?? "";
}

// Dragging moves two controls: by so much a pixel, or to the place in a panel.
function grabber(stage, element) {
  const { group, across, up, per } = stage.data.drag;
  const [x, y] = [across, up].map((name) => stage.data.controls.find((c) => c.name === name));
  const clamp = ({ min, max, step }, value) =>
    Number((Math.round(Math.min(Math.max(value, min), max) / step) * step).toFixed(6));
  if (!group) {
    return (fromX, fromY) => {
      const { [across]: first, [up]: second } = stage.values;
      return (toX, toY) => stage.set({
        [across]: clamp(x, first + per[0] * (toX - fromX)),
        [up]: clamp(y, second + per[1] * (toY - fromY)),
      });
    };
  }
  const to = (px, py) => {
    const box = element.querySelector(`.${group}_group > g > path.background`)
      .getBoundingClientRect();
    const outer = stage.view.getBoundingClientRect();
    const place = [(px + outer.left - box.left) / box.width, (box.bottom - py - outer.top) / box.height];
    stage.set({ [across]: clamp(x, x.min + place[0] * (x.max - x.min)),
      [up]: clamp(y, y.min + place[1] * (y.max - y.min)) });
  };
  return (px, py) => { to(px, py); return to; };
}
