// The scenario's timeline: where it is, and what it holds; play, pause and seek.

import { byId, el, setText } from "/assets/element.js";
import { seconds } from "/assets/quantity.js";

export class Timeline {
  constructor(wire, fail) {
    this.wire = wire;
    this.fail = fail;
    this.playing = true;
    this.seeking = false;
    this.events = [];
    this.seek = byId("seek");
    byId("steer").addEventListener("click", () => this.#call(this.playing ? "/scenario/pause" : "/scenario/play"));
    this.seek.addEventListener("input", () => { this.seeking = true; this.#place(Number(this.seek.value)); });
    this.seek.addEventListener("change", async () => {
      await this.#go(Number(this.seek.value));
      this.seeking = false;
    });
  }

  async load() {
    const { events, duration } = await this.wire.get("/scenario");
    this.events = events;
    this.end = duration ?? Math.max(60, ...events.map((one) => one.time + one.lasts)) * 1.05;
    byId("scenario").hidden = events.length === 0;
    this.seek.max = String(this.end);
    byId("events").replaceChildren(...events.map((event) => {
      const again = event.repeat ? `, each ${event.repeat} s` : "";
      const over = event.lasts ? ` for ${event.lasts} s` : "";
      const button = el("button", { type: "button", title: "Go there" }, el("b", { textContent: seconds(event.time) }), `${event.text}${over}${again}`);
      button.addEventListener("click", () => this.#go(event.time));
      return el("li", {}, button);
    }));
  }

  show(position, playing) {
    this.playing = playing;
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
