// What all figures share: controls, address, play, drag, keys, speech. A figure is a module in
// explore/figures/ whose `start(stage)` gives the parts that README.md names.

import { bindControls } from "./controls.js";
import { Handles, onCanvas } from "./pointer.js";
import { Player } from "./player.js";
import { complaint, initial, isPlain, nearest, queryWith, restore } from "./state.js";

const REST = 500; // milliseconds without a change until a result is spoken
const COLOURS = ["ink", "soft", "line", "paper", "blue", "orange", "green", "plum"];

export class Shell {
  constructor(block) {
    this.block = block;
    this.name = block.dataset.name;
    this.part = (name) => block.querySelector(`.explorable-${name}`);
    this.view = this.part("view");
    this.data = JSON.parse(this.part("data").textContent);
    this.controls = this.data.controls;
    const { values, refused } = restore(location.search, this.name, this.controls);
    this.values = values;
    this.complaint = complaint(refused);
    this.show = bindControls(this);
    this.player = new Player(this);
    this.part("controls").disabled = false;
    this.part("controls").addEventListener("click", ({ target }) => {
      const { press } = target.closest?.("button")?.dataset ?? {};
      if (press) this.press(press);
    });
    this.show(this.values);
    if (this.complaint) this.part("says").textContent = this.complaint;
  }

  // Fetches the figure's module and puts it in the place of the still picture.
  async start() {
    try {
      const { start } = await import(`./figures/${this.block.dataset.module}.js`);
      this.handles = new Handles(this);
      this.figure = await start(this.stage());
      if (this.figure.element) this.view.replaceChildren(this.figure.element);
      this.view.append(this.handles.layer);
      onCanvas(this);
      new ResizeObserver(() => this.resize()).observe(this.view);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolour());
      new MutationObserver(() => this.recolour())
        .observe(document.body, { attributeFilter: ["class"] });
      this.resize();
      if (this.complaint) this.speak();
      this.block.dataset.live = "true";
    } catch (error) {
      this.part("says").textContent = `This figure does not run: ${error.message}.`;
      this.block.dataset.still = "broken";
    }
  }

  // What a figure sees of the shell.
  stage() {
    const shell = this;
    return {
      data: this.data, view: this.view, label: this.data.alt,
      get values() { return shell.values; },
      get width() { return shell.view.clientWidth; },
      get colours() { return shell.palette ??= shell.readColours(); },
      nearest, // (control, number): where that control can be
      set: (changes) => this.set(changes),
      redraw: () => this.redraw(),
      say: () => this.say(),
    };
  }

  readColours() {
    const probe = document.createElement("span");
    this.block.append(probe);
    const found = {};
    const resolve = (colour) => {
      probe.style.color = colour;
      return getComputedStyle(probe).color;
    };
    for (const name of COLOURS) found[name] = resolve(`var(--ex-${name})`);
    found.classes = (this.data.palette ?? []).map(resolve);
    probe.remove();
    return found;
  }

  recolour() {
    this.palette = null;
    this.redraw();
  }

  resize() {
    if (this.view.clientWidth === this.size) return;
    this.size = this.view.clientWidth;
    this.figure.resize?.(this.size);
    this.redraw();
  }

  set(changes) {
    Object.assign(this.values, changes);
    this.complaint = "";
    this.changed(new Set(Object.keys(changes)));
  }

  changed(names) {
    Object.assign(this.values, this.figure?.update?.(names));
    this.show(this.values);
    this.redraw();
    this.speak();
    clearTimeout(this.timer); // browsers limit how often the address changes
    this.timer = setTimeout(() => history.replaceState(history.state, "", location.pathname +
      queryWith(location.search, this.name, this.controls, this.values) + location.hash), 250);
  }

  press(name) {
    if (name === "play") return this.player.toggle();
    if (name === "step") return this.player.once();
    if (name === "reset") {
      this.player.pause();
      this.set(initial(this.controls));
      this.figure?.reset?.();
    } else this.figure?.press?.(name);
    this.redraw();
    this.speak();
  }

  redraw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  draw() {
    if (!this.figure) return;
    this.figure.draw();
    this.handles.place(this.figure.handles?.() ?? []);
    this.say();
  }

  say() {
    const sentence = this.complaint || this.figure.says?.() || "";
    if (this.part("says").textContent !== sentence) this.part("says").textContent = sentence;
  }

  // Speaks what stands below the picture once it has not changed for a while.
  speak() {
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => {
      if (this.player.running) return; // its end speaks
      this.part("spoken").textContent = this.complaint || this.figure?.says?.() || "";
    }, REST);
  }

  // The values that a native control can show.
  get plain() {
    return this.controls.filter(isPlain);
  }
}

// Controls work at once; a figure's module comes when it is near the screen, and a figure that
// is off the screen does not run.
export function bringToLife(root) {
  const shells = new Map([...root.querySelectorAll(".explorable")].map((block) =>
    [block, new Shell(block)]));
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      shells.get(target).start();
    }
  }, { rootMargin: "600px" });
  const inView = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      shells.get(target).player.seen(isIntersecting);
    }
  });
  for (const block of shells.keys()) {
    near.observe(block);
    inView.observe(block);
  }
  return new Map([...shells.values()].map((shell) => [shell.name, shell]));
}
