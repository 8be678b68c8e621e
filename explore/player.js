// Play, step and pause: of a figure that runs by itself, or of one control.

import { first, following } from "./controls.js";

const AT_ONCE = 200; // steps of Play where the reader wants no motion

export class Player {
  constructor(shell) {
    this.shell = shell;
    this.running = false;
    this.onScreen = true;
    this.button = shell.block.querySelector("button[data-press=play]");
    this.every = shell.data.play?.every ?? 0; // milliseconds between steps of a control
    this.control = shell.controls.find(({ name }) => name === shell.data.play?.control);
    document.addEventListener("visibilitychange", () => this.wake());
  }

  toggle() {
    if (this.running) return this.pause();
    if (this.control && following(this.control, this.value) === undefined) {
      this.shell.set({ [this.control.name]: first(this.control) });
    }
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.leap();
    this.running = true;
    this.label("Pause");
    this.wake();
  }

  pause() {
    this.running = false;
    this.label("Play");
    this.shell.speak();
  }

  once() {
    this.pause();
    this.step(1);
    this.shell.redraw();
  }

  // Without motion: many steps at once, and a word about it.
  leap() {
    this.step(this.control ? Infinity : AT_ONCE);
    this.button.title = this.control ? "Motion is reduced: to the end at once"
      : `Motion is reduced: ${AT_ONCE} steps at once`;
    this.shell.block.querySelector(".explorable-motion").textContent = `${this.button.title}.`;
    this.shell.redraw();
    this.shell.speak();
  }

  seen(onScreen) {
    this.onScreen = onScreen;
    this.wake();
  }

  // Goes on if it is playing, in view, and not going on already.
  wake() {
    if (!this.running || !this.onScreen || document.hidden || this.waiting) return;
    this.waiting = requestAnimationFrame((now) => {
      this.waiting = null;
      if (!this.running || !this.onScreen || document.hidden || !this.shell.figure) return;
      if (now - (this.last ?? 0) >= this.every) {
        this.last = now;
        if (!this.step(this.shell.figure.perFrame ?? 1)) return this.pause();
        this.shell.draw();
      }
      this.wake();
    });
  }

  get value() {
    return this.shell.values[this.control.name];
  }

  // Makes steps; false when there is none left.
  step(count) {
    if (!this.control) return this.shell.figure?.step(count) !== false;
    let value = this.value;
    for (let i = 0; i < count; i++) {
      const next = following(this.control, value);
      if (next === undefined) break;
      value = next;
    }
    this.shell.set({ [this.control.name]: value });
    return following(this.control, value) !== undefined;
  }

  label(text) {
    if (this.button) this.button.textContent = text;
  }
}
