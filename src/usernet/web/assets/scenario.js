// The scenario's timeline: where it is, and what it holds; play, pause, seek and edit.

import { Step } from "/assets/step.js";
import { byId, el, setText } from "/assets/element.js";
import { seconds } from "/assets/quantity.js";

export class Timeline {
  constructor(wire, fail) {
    this.wire = wire;
    this.fail = fail;
    this.playing = true;
    this.seeking = false;
    this.events = [];
    this.step = new Step(wire);
    this.seek = byId("seek");
    byId("step-add").addEventListener("click", () => this.step.open(null, `${Math.round(this.position ?? 0)}s`));
    byId("steer").addEventListener("click", () => this.#call(this.playing ? "/scenario/pause" : "/scenario/play"));
    this.seek.addEventListener("input", () => { this.seeking = true; this.#place(Number(this.seek.value)); });
    this.seek.addEventListener("change", async () => {
      await this.#go(Number(this.seek.value));
      this.seeking = false;
    });
  }

  // What it holds now; while an answer is on its way, one more question is enough.
  async load() {
    this.again = Boolean(this.loading);
    this.loading ??= this.#load().finally(() => { this.loading = null; });
    await this.loading;
    if (this.again) await this.load();
  }

  async #load() {
    const [{ events, duration }, { at = [] }] = await Promise.all([this.wire.get("/scenario"), this.wire.get("/config")]);
    const text = JSON.stringify([events, duration, at]);
    if (text === this.text) return; // who has the focus in it keeps it
    this.text = text;
    this.events = events.toSorted((one, other) => one.time - other.time);
    this.end = duration ?? Math.max(60, ...events.map((one) => one.time + one.lasts)) * 1.05;
    byId("scenario").classList.toggle("empty", events.length === 0);
    this.seek.max = String(this.end);
    byId("events").replaceChildren(...this.events.map((event) => this.#item(event, at)));
  }

  #item(event, at) {
    const again = event.repeat ? `, each ${event.repeat} s` : "";
    const over = event.lasts ? ` for ${event.lasts} s` : "";
    const go = el("button", { type: "button", className: "go", title: "Go there" }, el("b", { textContent: seconds(event.time) }), `${event.text}${over}${again}`);
    go.addEventListener("click", () => this.#go(event.time));
    const typed = at[/^at\[(\d+)\]$/.exec(event.place)?.[1]];
    if (!typed) return el("li", {}, go, el("span", { className: "soft", textContent: "profile" }));
    const edit = el("button", { type: "button", className: "small", textContent: "Edit", "aria-label": `Edit: ${event.text}` });
    edit.addEventListener("click", () => this.step.open(typed));
    return el("li", {}, go, edit);
  }

  show(position, playing) {
    this.playing = playing;
    this.position = position;
    setText(byId("steer"), playing ? "Pause" : "Play");
    if (this.seeking) return;
    this.seek.value = String(Math.min(position, this.end ?? 0));
    this.#place(position);
  }

  #place(position) {
    setText(byId("position"), seconds(position));
    this.seek.setAttribute("aria-valuetext", seconds(position));
    [...byId("events").children].forEach((item, index) => item.classList.toggle("past", this.events[index]?.time <= position));
  }

  #go(position) { return this.#call("/scenario/seek", { position: `${position}s` }); }

  async #call(path, body) {
    try { await this.wire.call("POST", path, body); } catch (error) { this.fail(error); }
  }
}
